// lineward policy check, test, import-dpv: policy files, without a server

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "lineward/base/status.h"
#include "lineward/policy/import_dpv.h"
#include "lineward/policy/tests.h"
#include "tools/lineward/commands.h"
#include "tools/lineward/output.h"
#include "tools/lineward/policy_folder.h"
#include "tools/lineward/remote.h"

namespace lineward::cli {
namespace {

using document::Json;

// What a set lacks has no file: its place is the folder.
Json JsonOf(const policy::Finding& finding, const std::string& folder) {
  const bool has_place = !finding.file.empty() && finding.place.line > 0;
  Json row;
  row.Set("level", finding.level == policy::Level::kError ? "error" : "warning");
  row.Set("code", fmt::format("LP{}", finding.code));
  row.Set("place", has_place ? fmt::format("{}:{}:{}", finding.file, finding.place.line,
                                           finding.place.column)
                             : (finding.file.empty() ? folder : finding.file));
  row.Set("rule", finding.rule);
  row.Set("message", finding.message);
  return row;
}

int Check(const Invocation& call) {
  const std::vector<Column> columns = {{"level", "LEVEL"},
                                       {"code", "CODE"},
                                       {"place", "PLACE"},
                                       {"rule", ""},
                                       {"message", "MESSAGE"}};
  if (Output::PrintedSchema(call, columns, true)) return kDone;
  const std::string fail_level = call.Text("fail-level", "error");
  if (fail_level != "error" && fail_level != "warning") {
    return FailUsage(call, fmt::format("`{}` is none of error, warning", fail_level));
  }
  const std::string folder = call.Text("dir", "config/policies");
  const auto files = ReadPolicyFolder(folder);
  if (!files.ok()) return Fail(call, files.status());
  const policy::CheckReport report = policy::Check(*files);
  Output output(call, columns);
  Json findings = Json::EmptyList();
  bool has_warning = false;
  for (const policy::Finding& finding : report.findings.Sorted()) {
    has_warning = has_warning || finding.level == policy::Level::kWarning;
    Json row = JsonOf(finding, folder);
    output.Row(row);
    findings.Append(std::move(row));
  }
  Json whole;
  whole.Set("policy_set", report.set_id);
  whole.Set("policies", static_cast<int64_t>(report.policies));
  whole.Set("rules", static_cast<int64_t>(report.rules));
  whole.Set("bindings", static_cast<int64_t>(report.bindings));
  whole.Set("purposes", static_cast<int64_t>(report.purposes));
  whole.Set("tests", static_cast<int64_t>(report.tests));
  whole.Set("findings", std::move(findings));
  output.EndList(whole);
  output.Note(fmt::format("{}: {} policies, {} rules, {} bindings, {} purposes, {} tests",
                          report.set_id.empty() ? "the set does not load" : report.set_id,
                          report.policies, report.rules, report.bindings, report.purposes,
                          report.tests));
  const bool has_error = report.findings.has_errors() || report.set_id.empty();
  return has_error || (has_warning && fail_level == "warning") ? kFindings : kDone;
}

int Test(const Invocation& call) {
  const std::vector<Column> columns = {
      {"result", "RESULT"}, {"place", "PLACE"}, {"name", "TEST"}, {"failures", "FAILURES"}};
  if (Output::PrintedSchema(call, columns, true)) return kDone;
  const auto files = ReadPolicyFolder(call.Text("dir", "config/policies"));
  if (!files.ok()) return Fail(call, files.status());
  policy::Findings findings;
  const auto source = policy::Parse(*files, &findings);
  if (!source.ok()) return Fail(call, source.status());
  const auto report = policy::RunTests(*source, call.Text("filter"), &findings);
  if (!report.ok()) return Fail(call, report.status());
  Output output(call, columns);
  Json rows = Json::EmptyList();
  for (const policy::TestResult& result : report->results) {
    Json row;
    row.Set("result", result.passed ? "passed" : "failed");
    row.Set("place", fmt::format("{}:{}:{}", result.file, result.place.line, result.place.column));
    row.Set("name", result.name);
    Json failures = Json::EmptyList();
    for (const std::string& failure : result.failures) failures.Append(failure);
    row.Set("failures", std::move(failures));
    output.Row(row);
    rows.Append(std::move(row));
  }
  Json whole;
  whole.Set("passed", static_cast<int64_t>(report->passed));
  whole.Set("failed", static_cast<int64_t>(report->failed));
  whole.Set("results", std::move(rows));
  output.EndList(whole);
  for (const policy::Finding& finding : findings.Sorted()) output.Note(policy::ToText(finding));
  output.Note(fmt::format("{} passed, {} failed", report->passed, report->failed));
  if (report->results.empty() && !call.Text("filter").empty()) {
    return FailUsage(call, fmt::format("`{}` selects no test", call.Text("filter")));
  }
  return report->failed > 0 || findings.has_errors() ? kFindings : kDone;
}

// https://www.w3.org/copyright/software-license-2023/ asks that the notice stays with what was
// taken.
constexpr std::string_view kDpvNotice =
    "# Purposes of the W3C Data Privacy Vocabulary (DPV): the ids and their `hasBroader` "
    "relations.\n"
    "# https://w3id.org/dpv#<Term> tells what a term means.\n"
    "#\n"
    "# Copyright (c) the Contributors to the Data Privacy Vocabulary (DPV), published by the Data\n"
    "# Privacy Vocabularies and Controls Community Group (DPVCG) under the W3C Community "
    "Contributor\n"
    "# License Agreement; files of the vocabulary under the W3C Software and Document License,\n"
    "# https://www.w3.org/copyright/software-license-2023/. This file holds a selection.\n";

int ImportDpv(const Invocation& call) {
  const std::string path = call.Text("file");
  const auto csv = ReadInput(path);
  if (!csv.ok()) return Fail(call, csv.status());
  policy::Findings findings;
  const auto taxonomy = policy::ImportDpv(*csv, path, &findings);
  if (!taxonomy.ok()) return Fail(call, taxonomy.status());
  fmt::print("{}{}", kDpvNotice, policy::TaxonomyText(*taxonomy));
  for (const policy::Finding& finding : findings.Sorted()) {
    fmt::print(stderr, "{}\n", policy::ToText(finding));
  }
  fmt::print(stderr, "{} purposes, {} findings\n", taxonomy->purposes.size(), findings.list.size());
  return kDone;
}

}  // namespace

void AddPolicyFileCommands(std::vector<Command>* commands) {
  const std::vector<ArgumentSpec> folder = {{"dir", "Folder (default config/policies)", false}};
  commands->push_back({"policy",
                       "check",
                       "Parses and compiles the policy files of a folder",
                       folder,
                       {{"--fail-level", "LEVEL", "error (default) or warning"}},
                       Check});
  commands->push_back({"policy",
                       "test",
                       "Runs the tests of a folder's policy files",
                       folder,
                       {{"--filter", "GLOB", "Only the tests whose file:name fits"}},
                       Test});
  commands->push_back({"policy",
                       "import-dpv",
                       "Purposes of DPV (its purposes.csv; - for standard input) as a Taxonomy",
                       {{"file", "CSV file of the vocabulary", true}},
                       {},
                       ImportDpv});
}

}  // namespace lineward::cli
