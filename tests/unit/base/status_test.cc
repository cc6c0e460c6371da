#include "lineward/base/status.h"

#include <gtest/gtest.h>

namespace lineward::base {
namespace {

absl::Status Fails() { return NotFound("MODEL_NOT_FOUND", "model `{}`: not found", "ranker"); }

absl::StatusOr<int> Doubles(absl::StatusOr<int> value) {
  LW_ASSIGN_OR_RETURN(const int number, std::move(value));
  return number * 2;
}

absl::Status Passes(const absl::Status& status) {
  LW_RETURN_IF_ERROR(status);
  return absl::OkStatus();
}

TEST(Status, CarriesCodeReasonAndMessage) {
  const absl::Status status = Fails();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(status), "MODEL_NOT_FOUND");
  EXPECT_EQ(MessageOf(status), "model `ranker`: not found");
}

TEST(Status, AnnotationPutsTheOuterContextFirstAndKeepsTheReason) {
  const absl::Status status = Annotate(Fails(), "import `{}`", "a.jsonl");
  EXPECT_EQ(MessageOf(status), "import `a.jsonl`: model `ranker`: not found");
  EXPECT_EQ(ReasonOf(status), "MODEL_NOT_FOUND");
  EXPECT_TRUE(Annotate(absl::OkStatus(), "context").ok());
}

TEST(Status, MacrosPassTheErrorOn) {
  EXPECT_EQ(ReasonOf(Passes(Fails())), "MODEL_NOT_FOUND");
  EXPECT_TRUE(Passes(absl::OkStatus()).ok());
  EXPECT_EQ(Doubles(21).value(), 42);
  EXPECT_EQ(ReasonOf(Doubles(Fails()).status()), "MODEL_NOT_FOUND");
}

}  // namespace
}  // namespace lineward::base
