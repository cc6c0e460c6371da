#include "lineward/base/compress.h"

#include <zstd.h>

#include <memory>

#include "lineward/base/check.h"
#include "lineward/base/status.h"

namespace lineward::base {
namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

// A context holds tables of several hundred kilobytes: each thread keeps one.
std::string ZstdCompress(std::string_view bytes, int level) {
  static thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  LW_CHECK(context != nullptr, "no memory for a zstd context");
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  const size_t size = ZSTD_compressCCtx(context.get(), frame.data(), frame.size(), bytes.data(),
                                        bytes.size(), level);
  LW_CHECK(ZSTD_isError(size) == 0, "zstd: {}", ZSTD_getErrorName(size));
  frame.resize(size);
  return frame;
}

absl::StatusOr<std::string> ZstdDecompress(std::string_view frame, size_t raw_size) {
  const size_t frame_size = ZSTD_findFrameCompressedSize(frame.data(), frame.size());
  if (ZSTD_isError(frame_size) != 0 || frame_size != frame.size()) {
    return InvalidArgument("", "not exactly one zstd frame");
  }
  const unsigned long long declared = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (declared == ZSTD_CONTENTSIZE_ERROR ||
      (declared != ZSTD_CONTENTSIZE_UNKNOWN && declared != raw_size)) {
    return InvalidArgument("", "zstd frame is not of {} bytes", raw_size);
  }
  static thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  LW_CHECK(context != nullptr, "no memory for a zstd context");
  std::string raw(raw_size, '\0');
  const size_t size =
      ZSTD_decompressDCtx(context.get(), raw.data(), raw.size(), frame.data(), frame.size());
  if (ZSTD_isError(size) != 0) return InvalidArgument("", "zstd: {}", ZSTD_getErrorName(size));
  if (size != raw_size) {
    return InvalidArgument("", "zstd frame holds {} bytes, not {}", size, raw_size);
  }
  return raw;
}

absl::StatusOr<size_t> ZstdRawSize(std::string_view frame) {
  const unsigned long long declared = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (declared == ZSTD_CONTENTSIZE_ERROR || declared == ZSTD_CONTENTSIZE_UNKNOWN) {
    return InvalidArgument("", "no zstd frame with its size");
  }
  return static_cast<size_t>(declared);
}

}  // namespace lineward::base
