#pragma once

// Random `when` texts over the vocabulary of `RandomSets`, always well typed: comparisons at edge
// values, optional fields behind `has`, facts that may be absent or unknown, failures, functions of
// policies, macros that spend the budget. Without double quotes. Not thread-safe.

#include <random>
#include <string>
#include <vector>

namespace lineward::policy {

class RandomExpressions {
 public:
  explicit RandomExpressions(std::mt19937_64* random) : random_(random) {}

  // Of type bool, operators nested `depth` deep.
  std::string Bool(int depth) {
    if (depth == 0) return Atom();
    switch (Int(0, 9)) {
      case 0:
      case 1:
      case 2: {
        const std::string left = Bool(depth - 1);
        return left + " && " + Bool(depth - 1);
      }
      case 3:
      case 4: {
        const std::string left = Bool(depth - 1);
        return "(" + left + " || " + Bool(depth - 1) + ")";
      }
      case 5:
        return "!(" + Bool(depth - 1) + ")";
      case 6: {
        const std::string condition = Bool(depth - 1);
        const std::string yes = Bool(depth - 1);
        return "(" + condition + " ? " + yes + " : " + Bool(depth - 1) + ")";
      }
      case 7:
        return Guarded();
      default:
        return Atom();
    }
  }

 private:
  int Int(int low, int high) { return std::uniform_int_distribution<int>(low, high)(*random_); }
  std::string Pick(const std::vector<std::string>& list) {
    return list[static_cast<size_t>(Int(0, static_cast<int>(list.size()) - 1))];
  }
  std::string Purpose() { return Pick({"dpv:A", "dpv:B", "dpv:D", "dpv:F", "dpv:Old", "tcf:1"}); }

  // An optional fact behind its guard.
  std::string Guarded() {
    return Pick({"has(event.n) && event.n >= 3", "(has(event.n) ? event.n in [3, 4] : false)",
                 "(!has(event.n) || event.n + 1 < 4)", "has(event.d) && event.d > 0.5",
                 "has(event.s) && event.s == 'x'", "has(event.s) && event.s.startsWith('x')",
                 "has(event.s) && event.s.matches('^[xy]$')", "has(event.s) && size(event.s) == 0",
                 "has(event.t) && event.t <= decision_time",
                 "has(subject.place) && subject.place == 'DE'",
                 "(!has(subject.place) || subject.place.startsWith('US'))",
                 "has(model.trained_at) && model.trained_at < decision_time",
                 "has(event.n) && 12 / event.n == 4", "has(event.n) && event.n % event.n == 0",
                 "has(event.s) && in_region(event.s)",
                 "has(event.s) && purpose.under(event.purpose, 'dpv:' + event.s)"});
  }

  std::string Atom() {
    switch (Int(0, 6)) {
      case 0:
        return "purpose.under(event.purpose, '" + Purpose() + "')";
      case 1:
        return "lineage.any('" + Pick({"l1", "l2"}) + "')";
      case 2:
        return "consent('" + Purpose() + "')";
      case 3:
        return "in_region('" + Pick({"EU", "DE", "US", "US-CA", "JP"}) + "')";
      case 4:
        return Pick({"event.b", "event.b == true", "true != event.b", "event.b in [true]"});
      case 5:
        return Failing();
      default:
        return Plain();
    }
  }

  // Of facts that may be absent or unknown, and of what fails by itself.
  std::string Failing() {
    return Pick({"model.synthetic_share > 0.3", "model.synthetic_share >= 0.3",
                 "decision_time - model.trained_at > duration('1m')",
                 "model.trained_at < timestamp('1970-01-01T00:00:00Z')", "subject.class == 'minor'",
                 "subject.class in ['adult']", "processing_place == 'DE'",
                 "processing_place.startsWith('US')", "[1, 2][2] == 1", "1 / 0 == 0",
                 "{'a': 1}['b'] == 1", "9223372036854775807 + 1 > 0", "int(event.surface) > 0"});
  }

  std::string Plain() {
    return Pick({"event.surface == 's1'", "event.tenant != ''", "event.topic == 't1'",
                 "event.item.contains('i1')", "event.purpose == 'dpv:D'",
                 "event.time < decision_time", "event.time.getHours() == 12",
                 "model.name.startsWith('m')", "model.version == '1'", "model.profiling",
                 "'l1' in model.labels", "size(model.labels) > 1",
                 "model.labels.exists(l, l == 'l2')", "model.labels.all(l, lineage.any(l))",
                 "['dpv:A', 'dpv:F'].exists(p, purpose.under(event.purpose, p))",
                 "['l1', 'gone'].exists(l, lineage.any(l))", "true", "false", Spending()});
  }

  // More steps than an evaluation has.
  static std::string Spending() {
    std::string list = "[0";
    for (int i = 1; i < 36; ++i) list += "," + std::to_string(i);
    list += "]";
    return list + ".all(a, " + list + ".all(b, a + b >= 0 && a < 60))";
  }

  std::mt19937_64* const random_;
};

}  // namespace lineward::policy
