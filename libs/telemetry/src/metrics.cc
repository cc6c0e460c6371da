#include "lineward/telemetry/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <map>
#include <set>

#include "lineward/base/check.h"
#include "lineward/base/mutex.h"
#include "telemetry/src/exposition.h"

namespace lineward::telemetry {
namespace {

constexpr std::string_view kPrefix = "lineward_";
constexpr char kOther[] = "other";

template <typename T>
T* Inner(void* inner) {
  return static_cast<T*>(inner);
}

}  // namespace

struct MetricRegistry::Family {
  std::string name;
  std::vector<std::string> labels;
  size_t children_max = 1;
  const std::vector<double>* bounds = nullptr;
  prometheus::Family<prometheus::Counter>* counters = nullptr;
  prometheus::Family<prometheus::Gauge>* gauges = nullptr;
  prometheus::Family<prometheus::Histogram>* histograms = nullptr;
  std::map<std::vector<std::string>, Counter> counter_children;
  std::map<std::vector<std::string>, Gauge> gauge_children;
  std::map<std::vector<std::string>, Histogram> histogram_children;
  CounterFamily* counter_family = nullptr;
  GaugeFamily* gauge_family = nullptr;
  HistogramFamily* histogram_family = nullptr;

  ~Family() {
    delete counter_family;
    delete gauge_family;
    delete histogram_family;
  }

  prometheus::Labels LabelsOf(const std::vector<std::string>& values) const {
    prometheus::Labels pairs;
    for (size_t i = 0; i < labels.size(); ++i) pairs.emplace(labels[i], values[i]);
    return pairs;
  }
};

struct MetricRegistry::Impl {
  prometheus::Registry registry;
  mutable base::Mutex mutex;
  std::map<std::string, std::unique_ptr<Family>> families LW_GUARDED_BY(mutex);
  CounterFamily* overflow = nullptr;

  Family* Declare(const FamilyOptions& options) {
    auto family = std::make_unique<Family>();
    family->name = options.is_bare ? std::string(options.name)
                                   : std::string(kPrefix) + std::string(options.name);
    family->labels.assign(options.labels.begin(), options.labels.end());
    family->children_max = options.children_max;
    LW_CHECK(options.children_max >= 1 && (!family->labels.empty() || options.children_max == 1),
             "metric {}: bad maximum of children {}", family->name, options.children_max);
    base::MutexLock lock(&mutex);
    Family* const result = family.get();
    const bool is_new = families.emplace(result->name, std::move(family)).second;
    LW_CHECK(is_new, "metric {} is declared twice", options.name);
    return result;
  }

  // The child's key: the values, or `other` in each place once the family is full.
  template <typename Children>
  std::vector<std::string> KeyFor(const Family& family, const Children& children,
                                  std::initializer_list<std::string_view> values,
                                  bool* is_overflow) const LW_REQUIRES(mutex) {
    LW_CHECK(values.size() == family.labels.size(), "metric {} has {} labels, not {}", family.name,
             family.labels.size(), values.size());
    std::vector<std::string> key(values.begin(), values.end());
    const std::vector<std::string> other(key.size(), kOther);
    *is_overflow = false;
    if (children.contains(key) || key == other) return key;
    const size_t own = children.size() - (children.contains(other) ? 1 : 0);
    if (own < family.children_max) return key;
    *is_overflow = true;
    return other;
  }
};

void Counter::Add(double amount) { Inner<prometheus::Counter>(inner_)->Increment(amount); }
double Counter::Value() const { return Inner<prometheus::Counter>(inner_)->Value(); }

void Gauge::Set(double value) { Inner<prometheus::Gauge>(inner_)->Set(value); }
void Gauge::Add(double amount) { Inner<prometheus::Gauge>(inner_)->Increment(amount); }
double Gauge::Value() const { return Inner<prometheus::Gauge>(inner_)->Value(); }

void Histogram::Observe(double value) { Inner<prometheus::Histogram>(inner_)->Observe(value); }

LocalHistogram::LocalHistogram(Histogram* shared)
    : shared_(shared), counts_(shared->bounds().size() + 1) {}

void LocalHistogram::Observe(double value, uint64_t count) {
  const std::vector<double>& bounds = shared_->bounds();
  const auto at = std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin();
  counts_[static_cast<size_t>(at)] += static_cast<double>(count);
  sum_ += value * static_cast<double>(count);
  is_empty_ = false;
}

void LocalHistogram::Flush() {
  if (is_empty_) return;
  Inner<prometheus::Histogram>(shared_->inner_)->ObserveMultiple(counts_, sum_);
  std::fill(counts_.begin(), counts_.end(), 0);
  sum_ = 0;
  is_empty_ = true;
}

const std::vector<double>& BoundsOf(Buckets buckets) {
  static const std::vector<double> decide = {2.5e-7, 5e-7, 1e-6,   2.5e-6, 5e-6, 1e-5, 2.5e-5,
                                             5e-5,   1e-4, 2.5e-4, 5e-4,   1e-3, 5e-3, 2.5e-2};
  static const std::vector<double> commit = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                             0.1,    0.25,  0.5,    1,     2.5,  5,     10};
  static const std::vector<double> end_to_end = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,   2,
                                                 5,    10,    30,   60,  300,  900, 3600};
  static const std::vector<double> http = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                           0.25,  0.5,    1,     2.5,  5,     10,   30};
  static const std::vector<double> store = {5e-6, 1e-5, 2.5e-5, 5e-5,  1e-4, 2.5e-4,
                                            5e-4, 1e-3, 5e-3,   0.025, 0.1,  1};
  static const std::vector<double> bytes = {256,   1024,   4096,    16384,
                                            65536, 262144, 1048576, 4194304};
  switch (buckets) {
    case Buckets::kDecide:
      return decide;
    case Buckets::kCommit:
      return commit;
    case Buckets::kEndToEnd:
      return end_to_end;
    case Buckets::kHttp:
      return http;
    case Buckets::kStore:
      return store;
    case Buckets::kBytes:
      return bytes;
  }
  LW_CHECK(false, "unknown bucket set");
}

MetricRegistry::MetricRegistry() : impl_(std::make_unique<Impl>()) {
  impl_->overflow = DeclareCounter({.name = "metrics_label_overflow_total",
                                    .help = "Children beyond a family's declared maximum",
                                    .labels = {"metric"},
                                    .children_max = 33});
}
MetricRegistry::~MetricRegistry() = default;

CounterFamily* MetricRegistry::DeclareCounter(const FamilyOptions& options) {
  Family* const family = impl_->Declare(options);
  family->counters = &prometheus::BuildCounter()
                          .Name(family->name)
                          .Help(std::string(options.help))
                          .Register(impl_->registry);
  family->counter_family = new CounterFamily(this, family);
  if (family->labels.empty()) family->counter_family->With();
  return family->counter_family;
}

GaugeFamily* MetricRegistry::DeclareGauge(const FamilyOptions& options) {
  Family* const family = impl_->Declare(options);
  family->gauges = &prometheus::BuildGauge()
                        .Name(family->name)
                        .Help(std::string(options.help))
                        .Register(impl_->registry);
  family->gauge_family = new GaugeFamily(this, family);
  return family->gauge_family;
}

HistogramFamily* MetricRegistry::DeclareHistogram(const FamilyOptions& options, Buckets buckets) {
  Family* const family = impl_->Declare(options);
  family->bounds = &BoundsOf(buckets);
  family->histograms = &prometheus::BuildHistogram()
                            .Name(family->name)
                            .Help(std::string(options.help))
                            .Register(impl_->registry);
  family->histogram_family = new HistogramFamily(this, family);
  if (family->labels.empty()) family->histogram_family->With();
  return family->histogram_family;
}

size_t MetricRegistry::DeclaredSeriesMax() const {
  base::MutexLock lock(&impl_->mutex);
  size_t sum = 0;
  for (const auto& [name, family] : impl_->families) {
    const size_t per_child = family->bounds == nullptr ? 1 : family->bounds->size() + 3;
    sum += family->children_max * per_child;
  }
  return sum;
}

std::vector<std::string> MetricRegistry::Names() const {
  base::MutexLock lock(&impl_->mutex);
  std::vector<std::string> names;
  for (const auto& [name, family] : impl_->families) names.push_back(name);
  return names;
}

std::string MetricRegistry::TextExposition() const {
  std::map<std::string, std::vector<std::string>> labels;
  {
    base::MutexLock lock(&impl_->mutex);
    for (const auto& [name, family] : impl_->families) labels[name] = family->labels;
  }
  return Exposition(impl_->registry.Collect(), labels, ExpositionFormat::kText);
}

std::string MetricRegistry::OpenMetricsExposition() const {
  std::map<std::string, std::vector<std::string>> labels;
  {
    base::MutexLock lock(&impl_->mutex);
    for (const auto& [name, family] : impl_->families) labels[name] = family->labels;
  }
  return Exposition(impl_->registry.Collect(), labels, ExpositionFormat::kOpenMetrics);
}

Counter* CounterFamily::With(std::initializer_list<std::string_view> values) {
  auto* const family = static_cast<MetricRegistry::Family*>(family_);
  MetricRegistry::Impl& impl = *registry_->impl_;
  bool is_overflow = false;
  Counter* child = nullptr;
  {
    base::MutexLock lock(&impl.mutex);
    const auto key = impl.KeyFor(*family, family->counter_children, values, &is_overflow);
    child = &family->counter_children[key];
    if (child->inner_ == nullptr) child->inner_ = &family->counters->Add(family->LabelsOf(key));
  }
  if (is_overflow) impl.overflow->With({family->name})->Add();
  return child;
}

Gauge* GaugeFamily::With(std::initializer_list<std::string_view> values) {
  auto* const family = static_cast<MetricRegistry::Family*>(family_);
  MetricRegistry::Impl& impl = *registry_->impl_;
  bool is_overflow = false;
  Gauge* child = nullptr;
  {
    base::MutexLock lock(&impl.mutex);
    const auto key = impl.KeyFor(*family, family->gauge_children, values, &is_overflow);
    child = &family->gauge_children[key];
    if (child->inner_ == nullptr) child->inner_ = &family->gauges->Add(family->LabelsOf(key));
  }
  if (is_overflow) impl.overflow->With({family->name})->Add();
  return child;
}

void GaugeFamily::Remove(std::initializer_list<std::string_view> values) {
  auto* const family = static_cast<MetricRegistry::Family*>(family_);
  base::MutexLock lock(&registry_->impl_->mutex);
  const auto at =
      family->gauge_children.find(std::vector<std::string>(values.begin(), values.end()));
  if (at == family->gauge_children.end()) return;
  family->gauges->Remove(Inner<prometheus::Gauge>(at->second.inner_));
  family->gauge_children.erase(at);
}

Histogram* HistogramFamily::With(std::initializer_list<std::string_view> values) {
  auto* const family = static_cast<MetricRegistry::Family*>(family_);
  MetricRegistry::Impl& impl = *registry_->impl_;
  bool is_overflow = false;
  Histogram* child = nullptr;
  {
    base::MutexLock lock(&impl.mutex);
    const auto key = impl.KeyFor(*family, family->histogram_children, values, &is_overflow);
    child = &family->histogram_children[key];
    if (child->inner_ == nullptr) {
      child->inner_ = &family->histograms->Add(family->LabelsOf(key), *family->bounds);
      child->bounds_ = family->bounds;
    }
  }
  if (is_overflow) impl.overflow->With({family->name})->Add();
  return child;
}

}  // namespace lineward::telemetry
