#include "http/src/head.h"

namespace lineward::http {

HeadScan ScanHead(std::string_view bytes) {
  size_t line_start = 0;
  size_t lines = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i >= kHeadMax) return {HeadVerdict::kTooLarge};
    if (lines == 0 && i >= kRequestLineMax) return {HeadVerdict::kUriTooLong};
    if (bytes[i] == '\n') return {HeadVerdict::kMalformed};
    if (bytes[i] != '\r') {
      if (i == line_start && lines > 0 && (bytes[i] == ' ' || bytes[i] == '\t')) {
        return {HeadVerdict::kMalformed};
      }
      continue;
    }
    if (i + 1 == bytes.size()) return {HeadVerdict::kNeedMore};
    if (bytes[i + 1] != '\n') return {HeadVerdict::kMalformed};
    if (i == line_start) {
      if (lines == 0) return {HeadVerdict::kMalformed};
      return {HeadVerdict::kComplete, i + 2};
    }
    ++lines;
    if (lines > kFieldsMax + 1) return {HeadVerdict::kTooLarge};
    ++i;
    line_start = i + 1;
  }
  return {HeadVerdict::kNeedMore};
}

}  // namespace lineward::http
