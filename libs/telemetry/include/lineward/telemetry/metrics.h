#pragma once

// The process's metrics: families declared once with name, help, type, labels and a declared
// maximum of children; prometheus-cpp's registry is inside and never shows.
//
// Names: prefix `lineward_` (added here), snake case, base units, unit last, `_total` on counters
// (observability design, sections 2 and 3). A child beyond the declared maximum becomes the child
// whose labels are all `other`, and is counted in `lineward_metrics_label_overflow_total`.
// A family declared twice with the same name stops the process: it is our bug.
//
// Any thread. Handles stay valid as long as the registry. Counting takes an atomic add, observing a
// lock: on the path of a promotion count in plain cells (`LocalHistogram`) and flush per commit.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lineward::telemetry {

struct FamilyOptions {
  std::string_view name;  // without the prefix; with it if `is_bare`
  std::string_view help;
  std::vector<std::string_view> labels = {};
  size_t children_max = 1;  // declared cardinality; at least 1
  bool is_bare = false;     // process_* families stand without our prefix
};

class CounterFamily;
class GaugeFamily;
class HistogramFamily;

class Counter {
 public:
  void Add(double amount = 1);
  double Value() const;

 private:
  friend class CounterFamily;
  void* inner_ = nullptr;
};

class Gauge {
 public:
  void Set(double value);
  void Add(double amount);
  double Value() const;

 private:
  friend class GaugeFamily;
  void* inner_ = nullptr;
};

class Histogram {
 public:
  void Observe(double value);
  const std::vector<double>& bounds() const { return *bounds_; }

 private:
  friend class HistogramFamily;
  friend class LocalHistogram;
  void* inner_ = nullptr;
  const std::vector<double>* bounds_ = nullptr;
};

// One thread's unshared cells in front of a shared histogram. Not thread-safe; Flush at each
// commit.
class LocalHistogram {
 public:
  explicit LocalHistogram(Histogram* shared);
  void Observe(double value) { Observe(value, 1); }
  void Observe(double value, uint64_t count);
  // Adds the cells to the shared histogram and empties them.
  void Flush();

 private:
  Histogram* shared_;
  std::vector<double> counts_;
  double sum_ = 0;
  bool is_empty_ = true;
};

// Upper bounds of the design's bucket sets, in seconds or bytes (observability design, section 2).
enum class Buckets { kDecide, kCommit, kEndToEnd, kHttp, kStore, kBytes };
const std::vector<double>& BoundsOf(Buckets buckets);

class MetricRegistry {
 public:
  MetricRegistry();
  ~MetricRegistry();
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  CounterFamily* DeclareCounter(const FamilyOptions& options);
  GaugeFamily* DeclareGauge(const FamilyOptions& options);
  HistogramFamily* DeclareHistogram(const FamilyOptions& options, Buckets buckets);

  // Sum of the declared maxima, histograms with their buckets: what a scrape can grow to.
  size_t DeclaredSeriesMax() const;
  // All declared names with prefix, sorted.
  std::vector<std::string> Names() const;

  // Prometheus text 0.0.4 or OpenMetrics 1.0.0 of all families, sorted by name (section 4).
  std::string TextExposition() const;
  std::string OpenMetricsExposition() const;

 private:
  friend class CounterFamily;
  friend class GaugeFamily;
  friend class HistogramFamily;
  struct Impl;
  struct Family;
  std::unique_ptr<Impl> impl_;
};

// `With` gives the child of these label values, made at first use; label values in declared order.
class CounterFamily {
 public:
  Counter* With(std::initializer_list<std::string_view> values = {});

 private:
  friend class MetricRegistry;
  CounterFamily(MetricRegistry* registry, void* family) : registry_(registry), family_(family) {}
  MetricRegistry* registry_;
  void* family_;
};

class GaugeFamily {
 public:
  Gauge* With(std::initializer_list<std::string_view> values = {});
  // Takes the child away, e.g. of a revoked partition; its handle must not be used any more.
  void Remove(std::initializer_list<std::string_view> values);

 private:
  friend class MetricRegistry;
  GaugeFamily(MetricRegistry* registry, void* family) : registry_(registry), family_(family) {}
  MetricRegistry* registry_;
  void* family_;
};

class HistogramFamily {
 public:
  Histogram* With(std::initializer_list<std::string_view> values = {});

 private:
  friend class MetricRegistry;
  HistogramFamily(MetricRegistry* registry, void* family) : registry_(registry), family_(family) {}
  MetricRegistry* registry_;
  void* family_;
};

}  // namespace lineward::telemetry
