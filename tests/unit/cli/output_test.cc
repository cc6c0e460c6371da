#include "tools/lineward/output.h"

#include <gtest/gtest.h>

namespace lineward::cli {
namespace {

using document::Json;

class OutputTest : public testing::Test {
 protected:
  OutputTest() {
    call_.command = &command_;
    inner_.Set("entry", "7");
    row_.Set("id", "a-0-1");
    row_.Set("outcome", "BLOCK");
    row_.Set("note", "=1+1, \"x\"");
    row_.Set("log", inner_);
  }
  std::string Print(const std::string& format, const std::string& fields = "") {
    call_.Set("output", {format});
    call_.Set("color", {"never"});
    if (!fields.empty()) call_.Set("fields", {fields});
    testing::internal::CaptureStdout();
    {
      Output output(call_, {{"id", "ID"}, {"outcome", "OUTCOME"}, {"note", ""}, {"log.entry", ""}});
      output.Row(row_);
      Json whole;
      whole.Set("rows", Json(Json::List{row_}));
      output.EndList(whole);
      std::fflush(stdout);
    }
    return testing::internal::GetCapturedStdout();
  }

  Command command_ = {"thing", "list", "", {}, {}, nullptr};
  Invocation call_;
  Json inner_;
  Json row_;
};

TEST_F(OutputTest, CsvHasAHeadAndDisarmsFormulas) {
  EXPECT_EQ(Print("csv"), "id,outcome,note,log.entry\r\na-0-1,BLOCK,\"'=1+1, \"\"x\"\"\",7\r\n");
}

TEST_F(OutputTest, JsonLinesAreTheRowsThemselves) {
  EXPECT_EQ(Print("jsonl"),
            "{\"id\":\"a-0-1\",\"outcome\":\"BLOCK\",\"note\":\"=1+1, \\\"x\\\"\","
            "\"log\":{\"entry\":\"7\"}}\n");
}

TEST_F(OutputTest, TableShowsWordSignAndHeadedColumns) {
  EXPECT_EQ(Print("table"), "ID     OUTCOME\na-0-1  \xe2\x9c\x97 BLOCK\n");
}

TEST_F(OutputTest, FieldsChooseColumns) {
  EXPECT_EQ(Print("csv", "log.entry,id"), "log.entry,id\r\n7,a-0-1\r\n");
}

TEST(OutcomeText, TellsTheOutcomesApartWithoutColour) {
  EXPECT_EQ(OutcomeText("ALLOW"), "\xe2\x9c\x93 ALLOW");
  EXPECT_EQ(OutcomeText("QUARANTINE"), "? QUARANTINE");
}

}  // namespace
}  // namespace lineward::cli
