// The yardstick of the gate's benchmark: a bare librdkafka program that does the gate's work
// without deciding anything. It reads a source in batches, sends the same bytes with lz4 and
// headers of the gate's size, commits one transaction per interval with the offsets, and sends one
// small record per 1,024 events on a second topic. It knows none of our libs.
//
//   yardstick --brokers A --source T --output T --second T --events N [--interval-ms 100]
//             [--headers 0|1] [--seat NAME]
//
// Prints one line of JSON: events, wall seconds, CPU seconds of this process.

#include <librdkafka/rdkafka.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kBatch = 1024;
constexpr int kEventsPerSmallRecord = 1024;
constexpr int kSmallRecordBytes = 200;

std::map<std::string, std::string> ParseArguments(int argc, char** argv) {
  std::map<std::string, std::string> arguments = {
      {"interval-ms", "100"}, {"headers", "1"}, {"seat", "0"}};
  for (int i = 1; i + 1 < argc; i += 2) arguments[argv[i] + 2] = argv[i + 1];
  return arguments;
}

[[noreturn]] void Fail(const char* what, const char* why) {
  std::fprintf(stderr, "yardstick: %s: %s\n", what, why);
  std::exit(1);
}

void Check(const char* what, rd_kafka_error_t* error) {
  if (error != nullptr) Fail(what, rd_kafka_error_string(error));
}

void Check(const char* what, rd_kafka_resp_err_t code) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) Fail(what, rd_kafka_err2str(code));
}

rd_kafka_conf_t* MakeConf(const std::map<std::string, std::string>& settings) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char error[512];
  for (const auto& [key, value] : settings) {
    if (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), error, sizeof(error)) !=
        RD_KAFKA_CONF_OK) {
      Fail("settings", error);
    }
  }
  return conf;
}

void OnDelivered(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  Check("delivery", message->err);
}

rd_kafka_t* MakeHandle(rd_kafka_type_t type, rd_kafka_conf_t* conf) {
  char error[512];
  rd_kafka_t* handle = rd_kafka_new(type, conf, error, sizeof(error));
  if (handle == nullptr) Fail("client", error);
  return handle;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Yardstick {
 public:
  explicit Yardstick(std::map<std::string, std::string> arguments)
      : arguments_(std::move(arguments)), with_headers_(arguments_["headers"] == "1") {
    const std::string seat = "yardstick-" + arguments_["source"] + "-" + arguments_["seat"];
    consumer_ =
        MakeHandle(RD_KAFKA_CONSUMER, MakeConf({{"bootstrap.servers", arguments_["brokers"]},
                                                {"group.id", seat},
                                                {"auto.offset.reset", "earliest"},
                                                {"enable.auto.commit", "false"},
                                                {"enable.auto.offset.store", "false"},
                                                {"isolation.level", "read_committed"},
                                                {"fetch.wait.max.ms", "20"},
                                                {"queued.min.messages", "200000"},
                                                {"queued.max.messages.kbytes", "262144"}}));
    rd_kafka_poll_set_consumer(consumer_);
    rd_kafka_conf_t* conf = MakeConf({{"bootstrap.servers", arguments_["brokers"]},
                                      {"transactional.id", seat},
                                      {"linger.ms", "5"},
                                      {"compression.type", "lz4"},
                                      {"batch.size", "1000000"},
                                      {"batch.num.messages", "10000"},
                                      {"queue.buffering.max.messages", "500000"},
                                      {"queue.buffering.max.kbytes", "131072"},
                                      {"retry.backoff.ms", "10"},
                                      {"socket.nagle.disable", "true"}});
    rd_kafka_conf_set_dr_msg_cb(conf, OnDelivered);
    producer_ = MakeHandle(RD_KAFKA_PRODUCER, conf);
    output_ = rd_kafka_topic_new(producer_, arguments_["output"].c_str(), nullptr);
    second_ = rd_kafka_topic_new(producer_, arguments_["second"].c_str(), nullptr);
    for (rd_kafka_topic_t* topic : {output_, second_}) {
      const rd_kafka_metadata_t* metadata = nullptr;
      Check("metadata", rd_kafka_metadata(producer_, 0, topic, &metadata, 10000));
      rd_kafka_metadata_destroy(metadata);
    }
    Check("init", rd_kafka_init_transactions(producer_, 30000));
  }

  ~Yardstick() {
    rd_kafka_topic_destroy(output_);
    rd_kafka_topic_destroy(second_);
    rd_kafka_destroy(producer_);
    rd_kafka_consumer_close(consumer_);
    rd_kafka_destroy(consumer_);
  }

  void Run() {
    const int64_t wanted = std::atoll(arguments_["events"].c_str());
    const auto interval = std::chrono::milliseconds(std::atoi(arguments_["interval-ms"].c_str()));
    Subscribe();
    Clock::time_point begin;
    double cpu_before = 0;
    bool is_open = false;
    Clock::time_point begun;
    int64_t done = 0;
    while (done < wanted) {
      for (int i = 0; i < kBatch && done < wanted; ++i) {
        rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer_, i == 0 ? 20 : 0);
        if (message == nullptr) break;
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
          if (done == 0 && !is_open) {
            begin = Clock::now();
            cpu_before = CpuSeconds();
          }
          if (!is_open) {
            Check("begin", rd_kafka_begin_transaction(producer_));
            is_open = true;
            begun = Clock::now();
          }
          Forward(*message);
          next_[message->partition] = message->offset + 1;
          ++done;
        }
        rd_kafka_message_destroy(message);
      }
      rd_kafka_poll(producer_, 0);
      if (is_open && (Clock::now() - begun >= interval || done >= wanted)) {
        Commit();
        is_open = false;
      }
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    std::printf("{\"events\": %lld, \"seconds\": %.3f, \"cpu_seconds\": %.3f}\n",
                static_cast<long long>(done), seconds, CpuSeconds() - cpu_before);
  }

 private:
  void Subscribe() {
    rd_kafka_topic_partition_list_t* topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, arguments_["source"].c_str(), RD_KAFKA_PARTITION_UA);
    Check("subscribe", rd_kafka_subscribe(consumer_, topics));
    rd_kafka_topic_partition_list_destroy(topics);
  }

  void Forward(const rd_kafka_message_t& message) {
    rd_kafka_headers_t* headers = nullptr;
    if (with_headers_) {
      headers = rd_kafka_headers_new(2);
      char text[256];
      int size = std::snprintf(text, sizeof(text), "%s-%d-%lld", arguments_["source"].c_str(),
                               message.partition, static_cast<long long>(message.offset));
      rd_kafka_header_add(headers, "lineward-id", -1, text, size);
      size = std::snprintf(text, sizeof(text), "ALLOW;m=ranker@42;w=%032d;l=%032d;p=%032d;t=%lld",
                           1, 2, 3, static_cast<long long>(message.offset) + 1767225600000LL);
      rd_kafka_header_add(headers, "lineward-decision", -1, text, size);
    }
    Send(output_, message.partition, message.payload, message.len, message.key, message.key_len,
         rd_kafka_message_timestamp(&message, nullptr), headers);
    if (++since_small_ < kEventsPerSmallRecord) return;
    since_small_ = 0;
    const std::string small(kSmallRecordBytes, 'x');
    Send(second_, 0, small.data(), small.size(), "k", 1, 0, nullptr);
  }

  void Send(rd_kafka_topic_t* topic, int32_t partition, const void* value, size_t value_size,
            const void* key, size_t key_size, int64_t timestamp_ms, rd_kafka_headers_t* headers) {
    rd_kafka_vu_t fields[7];
    size_t count = 0;
    fields[count].vtype = RD_KAFKA_VTYPE_RKT;
    fields[count++].u.rkt = topic;
    fields[count].vtype = RD_KAFKA_VTYPE_PARTITION;
    fields[count++].u.i32 = partition;
    fields[count].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    fields[count++].u.i = RD_KAFKA_MSG_F_COPY;
    fields[count].vtype = RD_KAFKA_VTYPE_VALUE;
    fields[count++].u.mem = {const_cast<void*>(value), value_size};
    fields[count].vtype = RD_KAFKA_VTYPE_KEY;
    fields[count++].u.mem = {const_cast<void*>(key), key_size};
    if (timestamp_ms > 0) {
      fields[count].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
      fields[count++].u.i64 = timestamp_ms;
    }
    if (headers != nullptr) {
      fields[count].vtype = RD_KAFKA_VTYPE_HEADERS;
      fields[count++].u.headers = headers;
    }
    while (true) {
      rd_kafka_error_t* error = rd_kafka_produceva(producer_, fields, count);
      if (error == nullptr) return;
      if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__QUEUE_FULL) Check("produce", error);
      rd_kafka_error_destroy(error);
      rd_kafka_poll(producer_, 1);
    }
  }

  void Commit() {
    rd_kafka_topic_partition_list_t* offsets =
        rd_kafka_topic_partition_list_new(static_cast<int>(next_.size()));
    for (const auto& [partition, next] : next_) {
      rd_kafka_topic_partition_list_add(offsets, arguments_["source"].c_str(), partition)->offset =
          next;
    }
    rd_kafka_consumer_group_metadata_t* group = rd_kafka_consumer_group_metadata(consumer_);
    Check("offsets", rd_kafka_send_offsets_to_transaction(producer_, offsets, group, 30000));
    rd_kafka_consumer_group_metadata_destroy(group);
    rd_kafka_topic_partition_list_destroy(offsets);
    Check("commit", rd_kafka_commit_transaction(producer_, 30000));
  }

  std::map<std::string, std::string> arguments_;
  const bool with_headers_;
  rd_kafka_t* consumer_ = nullptr;
  rd_kafka_t* producer_ = nullptr;
  rd_kafka_topic_t* output_ = nullptr;
  rd_kafka_topic_t* second_ = nullptr;
  int since_small_ = 0;
  std::map<int32_t, int64_t> next_;
};

}  // namespace

int main(int argc, char** argv) {
  Yardstick yardstick(ParseArguments(argc, argv));
  yardstick.Run();
  return 0;
}
