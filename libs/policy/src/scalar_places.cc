#include "policy/src/scalar_places.h"

#include <algorithm>
#include <optional>
#include <string>

#include "policy/src/cel/literal.h"

namespace lineward::policy {
namespace {

using document::Place;

constexpr std::string_view kBom = "\xEF\xBB\xBF";

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// Walks the file and the text side by side. The text is known, so folding and escapes need only be
// followed: where both do not agree, there is no place.
class Walk {
 public:
  Walk(std::string_view file, Place start, std::string_view text)
      : file_(file.substr(file.starts_with(kBom) ? kBom.size() : 0)), text_(text), place_(start) {
    for (uint32_t line = 1; line < start.line && at_ != file_.npos; ++line) {
      at_ = file_.find('\n', at_);
      if (at_ != file_.npos) ++at_;
    }
    at_ = at_ == file_.npos ? file_.size() : std::min(at_ + start.column - 1, file_.size());
  }

  std::optional<Place> To(size_t offset) {
    const char first = Peek();
    const bool is_block = first == '|' || first == '>';
    if (is_block) {
      if (!BeginBlock()) return std::nullopt;
    } else if (first == '\'' || first == '"') {
      quote_ = first;
      Advance();
    }
    while (told_ < offset) {
      if (at_ == file_.size()) return std::nullopt;
      last_ = place_;
      if (IsAtBreak(is_block) ? !Break(is_block) : !Character()) return std::nullopt;
    }
    return told_ == offset ? place_ : last_;
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < file_.size() ? file_[at_ + ahead] : '\0';
  }
  void Advance() {
    place_ = file_[at_] == '\n' ? Place{place_.line + 1, 1} : Place{place_.line, place_.column + 1};
    ++at_;
  }

  // Takes `made` as the next bytes of the text.
  bool Tell(std::string_view made) {
    if (text_.substr(told_, made.size()) != made) return false;
    told_ += made.size();
    return true;
  }

  // One character of the file, or an escape.
  bool Character() {
    if (quote_ == '"' && Peek() == '\\') return Escape();
    if (quote_ == '\'' && Peek() == '\'') Advance();
    if (!Tell(file_.substr(at_, 1))) return false;
    Advance();
    return true;
  }

  bool Escape() {
    const char kind = Peek(1);
    const size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    std::string made;
    if (kind == '\n' || kind == '\r') {
      Advance();
      SkipBreaks(true);
      return true;
    }
    if (digits > 0) {
      const auto code = cel::MagnitudeOf("0x" + std::string(file_.substr(at_ + 2, digits)));
      if (!code.has_value()) return false;
      cel::AppendUtf8(&made, static_cast<uint32_t>(*code));
    } else {
      static constexpr std::string_view kNames = "0abtnvfre\"/\\ ";
      static constexpr std::string_view kMeant{"\0\a\b\t\n\v\f\r\x1B\"/\\ ", 13};
      const size_t known = kNames.find(kind);
      if (known == kNames.npos) return false;
      made = kMeant[known];
    }
    if (!Tell(made)) return false;
    for (size_t i = 0; i < 2 + digits; ++i) Advance();
    return true;
  }

  // In flow scalars blanks before the end of a line belong to the break.
  bool IsAtBreak(bool is_block) const {
    size_t at = at_;
    while (!is_block && at < file_.size() && IsBlank(file_[at])) ++at;
    if (at < file_.size() && file_[at] == '\r') ++at;
    return at < file_.size() && file_[at] == '\n';
  }

  // The end of a line with the blank lines after it: a space, or as many line feeds as the style
  // makes of it.
  bool Break(bool is_block) {
    const size_t breaks = SkipBreaks(!is_block);
    if (text_.substr(told_, 1) == " ") {
      ++told_;
      return breaks == 1;
    }
    size_t made = 0;
    while (made < breaks && text_.substr(told_, 1) == "\n") {
      ++told_;
      ++made;
    }
    return made > 0;
  }

  // Goes to the first character after them; the number of line ends.
  size_t SkipBreaks(bool all_blanks) {
    size_t breaks = 0;
    size_t blanks = all_blanks ? file_.size() : 0;
    while (at_ < file_.size()) {
      if (Peek() == '\n') {
        ++breaks;
        if (!all_blanks) blanks = indent_;
      } else if (all_blanks ? IsBlank(Peek()) : Peek() == ' ' && blanks > 0) {
        --blanks;
      } else if (Peek() != '\r' || Peek(1) != '\n') {
        break;
      }
      Advance();
    }
    return breaks;
  }

  // From the indicator to the first character of the first line; blank lines before it are text.
  bool BeginBlock() {
    size_t line = file_.find('\n', at_);
    if (line == file_.npos) return false;
    while (Peek() != '\n') Advance();
    Advance();
    size_t content = line;
    do {
      line = content + 1;
      content = file_.find_first_not_of(" \r", line);
    } while (content != file_.npos && file_[content] == '\n');
    if (content == file_.npos) return false;
    // Spaces that the text begins with are its own: an indentation indicator made them so.
    const size_t first = std::min(text_.find_first_not_of('\n'), text_.size());
    const size_t own = std::min(text_.find_first_not_of(' ', first), text_.size()) - first;
    if (own > content - line) return false;
    content -= own;
    indent_ = content - line;
    while (at_ < line) {
      if (Peek() == '\n' && !Tell("\n")) return false;
      Advance();
    }
    while (at_ < content) Advance();
    return true;
  }

  const std::string_view file_;
  const std::string_view text_;
  size_t at_ = 0;      // in the file
  size_t told_ = 0;    // of the text
  size_t indent_ = 0;  // of a block
  char quote_ = '\0';
  Place place_;
  Place last_;  // of the last character or break taken
};

}  // namespace

Place PlaceInScalar(std::string_view file, Place start, std::string_view text, size_t offset) {
  return Walk(file, start, text).To(std::min(offset, text.size())).value_or(start);
}

}  // namespace lineward::policy
