#include "lineward/document/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <istream>
#include <memory>
#include <sstream>
#include <utility>

#include "lineward/base/strings.h"

namespace lineward::document {
namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";
constexpr size_t kExcerptBytesMax = 64;

// Leaves the parser from inside an event; never leaves this file.
struct Stop {
  YamlProblem problem;
};

struct Event {
  enum class Kind : uint8_t { kText, kNull, kListStart, kMapStart, kEnd };

  Kind kind = Kind::kEnd;
  size_t position = 0;
  Place place;
  std::string text;
};

Place PlaceOf(const YAML::Mark& mark) {
  return {static_cast<uint32_t>(mark.line + 1), static_cast<uint32_t>(mark.column + 1)};
}

std::string Excerpt(std::string_view text) {
  if (text.size() <= kExcerptBytesMax) return std::string(text);
  size_t end = kExcerptBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

// Keeps the events of one document in order. yaml-cpp's own document type keeps the last of two
// equal keys silently and expands aliases, so it is not used.
class Recorder final : public YAML::EventHandler {
 public:
  Recorder(std::string_view text, size_t depth_max) : text_(text), depth_max_(depth_max) {}

  std::vector<Event> TakeEvents() { return std::move(events_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) Refuse(mark, "a second document: one file holds one document");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    RefuseProperties(mark, anchor);
    Record(Event::Kind::kNull, mark, "");
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(mark, "aliases are not taken: write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                const std::string& value) override {
    RefuseProperties(mark, anchor);
    if (value.find('\0') != std::string::npos) Refuse(mark, "text with a NUL");
    if (!base::IsUtf8(value)) Refuse(mark, "text that is not UTF-8 after its escapes");
    Record(Event::Kind::kText, mark, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(Event::Kind::kListStart, mark, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(Event::Kind::kMapStart, mark, anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  [[noreturn]] static void Refuse(const YAML::Mark& mark, std::string message) {
    throw Stop{{PlaceOf(mark), false, std::move(message)}};
  }
  // A node's mark stands before its properties, so the byte there tells of an anchor or a tag even
  // where yaml-cpp resolves it away (`! x`).
  void RefuseProperties(const YAML::Mark& mark, YAML::anchor_t anchor) const {
    const char first = At(mark);
    if (first == '!') Refuse(mark, "tags are not taken: the type comes from the key");
    if (anchor != 0 || first == '&') Refuse(mark, "anchors are not taken: write the value out");
  }
  char At(const YAML::Mark& mark) const {
    const auto position = static_cast<size_t>(mark.pos);
    return position < text_.size() ? text_[position] : '\0';
  }
  void Open(Event::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    RefuseProperties(mark, anchor);
    if (++depth_ > depth_max_) {
      throw Stop{{PlaceOf(mark), true, fmt::format("deeper than {} levels", depth_max_)}};
    }
    Record(kind, mark, "");
  }
  void Close() {
    --depth_;
    events_.push_back({});
  }
  void Record(Event::Kind kind, const YAML::Mark& mark, std::string text) {
    events_.push_back({kind, static_cast<size_t>(mark.pos), PlaceOf(mark), std::move(text)});
  }

  const std::string_view text_;
  const size_t depth_max_;
  size_t depth_ = 0;
  size_t documents_ = 0;
  std::vector<Event> events_;
};

// yaml-cpp tells an absent value and the word `null` alike. An absent one stands where the next
// event begins; a word has been read over, so the next event is further on.
void RestoreNullWords(std::string_view text, std::vector<Event>* events) {
  size_t next = std::string_view::npos;
  for (size_t i = events->size(); i-- > 0;) {
    Event& event = (*events)[i];
    if (event.kind == Event::Kind::kEnd) continue;
    if (event.kind == Event::Kind::kNull && event.position != next) {
      for (std::string_view word : {"~", "null", "Null", "NULL"}) {
        if (text.substr(std::min(event.position, text.size()), word.size()) != word) continue;
        event.kind = Event::Kind::kText;
        event.text = word;
        break;
      }
    }
    next = event.position;
  }
}

class TreeBuilder {
 public:
  TreeBuilder(std::vector<Event> events, std::vector<YamlProblem>* problems)
      : events_(std::move(events)), problems_(problems) {}

  YamlNode Build() {
    Event& event = events_[at_++];
    YamlNode node;
    node.place = event.place;
    switch (event.kind) {
      case Event::Kind::kNull:
      case Event::Kind::kEnd:
        return node;
      case Event::Kind::kText:
        node.kind = YamlNode::Kind::kText;
        node.text = std::move(event.text);
        return node;
      case Event::Kind::kListStart:
        node.kind = YamlNode::Kind::kList;
        while (events_[at_].kind != Event::Kind::kEnd) node.items.push_back(Build());
        ++at_;
        return node;
      case Event::Kind::kMapStart:
        node.kind = YamlNode::Kind::kMap;
        BuildEntries(&node);
        ++at_;
        return node;
    }
    return node;
  }

 private:
  void BuildEntries(YamlNode* map) {
    base::StringMap<Place> seen;
    while (events_[at_].kind != Event::Kind::kEnd) {
      YamlNode key = Build();
      YamlNode value = Build();
      if (!key.is_text()) {
        Report(key.place, fmt::format("a key must be text, found {}", KindName(key.kind)));
        continue;
      }
      if (key.text == "<<") {
        Report(key.place, "merge keys are not taken: write the keys out");
        continue;
      }
      const auto [first, is_new] = seen.try_emplace(key.text, key.place);
      if (!is_new) {
        Report(key.place, fmt::format("key `{}` stands twice, first in line {}", Excerpt(key.text),
                                      first->second.line));
        continue;
      }
      map->entries.push_back({std::move(key.text), key.place, std::move(value)});
    }
  }
  void Report(Place place, std::string message) {
    problems_->push_back({place, false, std::move(message)});
  }

  std::vector<Event> events_;
  std::vector<YamlProblem>* const problems_;
  size_t at_ = 0;
};

// Takes off BOM and CR before LF, so that yaml-cpp's positions are ours; reports what no file of
// ours may hold, the first of each line's causes.
std::optional<YamlProblem> Normalise(std::string_view bytes, std::string* text) {
  if (bytes.substr(0, kBom.size()) == kBom) bytes.remove_prefix(kBom.size());
  if (!base::IsUtf8(bytes)) {
    size_t good = 0;
    uint32_t line = 1;
    while (true) {
      const size_t end = bytes.find('\n', good);
      if (!base::IsUtf8(bytes.substr(good, end - good)) || end == std::string_view::npos) break;
      good = end + 1;
      ++line;
    }
    return YamlProblem{{line, 1}, false, "not UTF-8"};
  }
  text->reserve(bytes.size());
  Place place{1, 1};
  bool in_indent = true;
  bool tab_in_indent = false;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (c == '\r' && i + 1 < bytes.size() && bytes[i + 1] == '\n') continue;
    if (c == '\n') {
      text->push_back(c);
      place = {place.line + 1, 1};
      in_indent = true;
      tab_in_indent = false;
      continue;
    }
    if (in_indent && c == '\t') {
      tab_in_indent = true;
    } else if (in_indent && c != ' ') {
      if (tab_in_indent) return YamlProblem{place, false, "a tab in the indentation"};
      in_indent = false;
    }
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) {
      return YamlProblem{place, false,
                         fmt::format("control character 0x{:02x}", static_cast<unsigned char>(c))};
    }
    text->push_back(c);
    ++place.column;
  }
  return std::nullopt;
}

}  // namespace

const YamlNode* YamlNode::Find(std::string_view key) const {
  for (const YamlEntry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

YamlDocument ParseYaml(std::string_view bytes, const YamlLimits& limits) {
  YamlDocument document;
  if (bytes.size() > limits.bytes_max) {
    document.problems.push_back(
        {{1, 1},
         true,
         fmt::format("file of {} bytes, at most {} are taken", bytes.size(), limits.bytes_max)});
    return document;
  }
  std::string text;
  if (auto problem = Normalise(bytes, &text); problem.has_value()) {
    document.problems.push_back(*std::move(problem));
    return document;
  }
  Recorder recorder(text, limits.depth_max);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(recorder)) {
      document.problems.push_back({{1, 1}, false, "an empty file"});
      return document;
    }
    while (parser.HandleNextDocument(recorder)) {
    }
  } catch (const Stop& stop) {
    document.problems.push_back(stop.problem);
    return document;
  } catch (const YAML::Exception& error) {
    document.problems.push_back({PlaceOf(error.mark), false, "not YAML: " + error.msg});
    return document;
  }
  std::vector<Event> events = recorder.TakeEvents();
  RestoreNullWords(text, &events);
  if (events.empty()) {
    document.problems.push_back({{1, 1}, false, "an empty file"});
    return document;
  }
  document.root = TreeBuilder(std::move(events), &document.problems).Build();
  return document;
}

std::string_view KindName(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kEmpty:
      return "nothing";
    case YamlNode::Kind::kText:
      return "text";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
  }
  return "nothing";
}

}  // namespace lineward::document
