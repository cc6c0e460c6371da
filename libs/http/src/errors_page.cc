#include "http/src/errors_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "lineward/base/strings.h"

namespace lineward::http {
namespace {

constexpr std::string_view kHead =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta "
    "charset=\"utf-8\"><title>Errors</title></head>\n"
    "<body>\n";

void AppendEscaped(std::string* out, std::string_view text) {
  for (const char c : text) {
    if (c == '&') {
      *out += "&amp;";
    } else if (c == '<') {
      *out += "&lt;";
    } else if (c == '>') {
      *out += "&gt;";
    } else if (c == '"') {
      *out += "&quot;";
    } else {
      out->push_back(c);
    }
  }
}

// Writes what stands between `fence` at the front of `text` and the next `fence` as `tag`, and
// drops both. False if there is no such pair.
bool TakeSpan(std::string* out, std::string_view* text, std::string_view fence,
              std::string_view tag) {
  if (!text->starts_with(fence)) return false;
  const size_t end = text->find(fence, fence.size());
  if (end == std::string_view::npos || end == fence.size()) return false;
  std::string_view inner = text->substr(fence.size(), end - fence.size());
  text->remove_prefix(end + fence.size());
  // The blanks that part a fence from a backtick.
  if (inner.starts_with(" `")) inner.remove_prefix(1);
  if (inner.ends_with("` ")) inner.remove_suffix(1);
  *out += fmt::format("<{}>", tag);
  AppendEscaped(out, inner);
  *out += fmt::format("</{}>", tag);
  return true;
}

void AppendInline(std::string* out, std::string_view text) {
  while (!text.empty()) {
    if (TakeSpan(out, &text, "``", "code") || TakeSpan(out, &text, "`", "code") ||
        TakeSpan(out, &text, "**", "b")) {
      continue;
    }
    const size_t next = std::min(text.find_first_of("`*", 1), text.size());
    AppendEscaped(out, text.substr(0, next));
    text.remove_prefix(next);
  }
}

}  // namespace

std::string HtmlOf(std::string_view markdown) {
  std::string out(kHead);
  std::string_view open;  // the element that the next line may continue
  const auto close = [&] {
    if (!open.empty()) out += fmt::format("</{}>\n", open);
    open = {};
  };
  for (std::string_view line : base::Split(markdown, '\n')) {
    const size_t level = line.find_first_not_of('#');
    if (line.empty()) {
      close();
    } else if (level != std::string_view::npos && level > 0 && line[level] == ' ') {
      close();
      const std::string_view title = line.substr(level + 1);
      std::string escaped;
      AppendEscaped(&escaped, title);
      out += fmt::format("<h{} id=\"{}\">{}</h{}>\n", level, escaped, escaped, level);
    } else {
      const bool is_item = line.starts_with("* ");
      if (is_item || open.empty()) {
        close();
        open = is_item ? "li" : "p";
        out += fmt::format("<{}>", open);
      } else {
        out.push_back('\n');
      }
      AppendInline(&out, is_item ? line.substr(2) : line);
    }
  }
  close();
  return out + "</body></html>\n";
}

}  // namespace lineward::http
