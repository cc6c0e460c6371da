#include "http/src/gzip.h"

#include <zlib.h>

#include <cstdlib>

#include "lineward/base/check.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/http/reasons.h"

namespace lineward::http {
namespace {

constexpr int kGzipOnly = 15 + 16;  // largest window, gzip framing
constexpr size_t kPieceBytes = 64 << 10;

// zlib's interface is not const.
Bytef* Input(std::string_view bytes) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
}

class Inflater {
 public:
  Inflater() { LW_CHECK(inflateInit2(&stream_, kGzipOnly) == Z_OK, "zlib: no memory"); }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  absl::StatusOr<std::string> Run(std::string_view bytes, size_t limit) {
    stream_.next_in = Input(bytes);
    stream_.avail_in = static_cast<uInt>(bytes.size());
    std::string out;
    std::string piece(kPieceBytes, '\0');
    while (true) {
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = static_cast<uInt>(piece.size());
      const int code = inflate(&stream_, Z_NO_FLUSH);
      const size_t made = piece.size() - stream_.avail_out;
      if (made > limit - out.size()) {
        return base::InvalidArgument(kBodyTooLarge,
                                     "the inflated body is over the limit of {} bytes", limit);
      }
      out.append(piece, 0, made);
      if (code == Z_STREAM_END) {
        if (stream_.avail_in == 0) return out;
        inflateReset(&stream_);
        continue;
      }
      if (code != Z_OK || (stream_.avail_in == 0 && made == 0)) {
        return base::InvalidArgument(kRequestMalformed, "body: no gzip: {}",
                                     code == Z_OK || code == Z_BUF_ERROR
                                         ? "it is cut off"
                                         : (stream_.msg == nullptr ? "zlib" : stream_.msg));
      }
    }
  }

 private:
  z_stream stream_{};
};

}  // namespace

absl::StatusOr<std::string> Gunzip(std::string_view bytes, size_t limit) {
  return Inflater().Run(bytes, limit);
}

std::string Gzip(std::string_view bytes) {
  z_stream stream{};
  constexpr int kMemoryLevel = 8;  // zlib's own default
  LW_CHECK(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipOnly, kMemoryLevel,
                        Z_DEFAULT_STRATEGY) == Z_OK,
           "zlib: no memory");
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = Input(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  LW_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib: the bound was too small");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

bool AcceptsGzip(std::string_view accept_encoding) {
  for (std::string_view coding : base::Split(accept_encoding, ',')) {
    while (coding.starts_with(' ')) coding.remove_prefix(1);
    const std::string_view name = coding.substr(0, coding.find_first_of("; "));
    if (name != "gzip" && name != "*") continue;
    const size_t q = coding.find("q=");
    return q == std::string_view::npos ||
           std::strtod(std::string(coding.substr(q + 2)).c_str(), nullptr) > 0;
  }
  return false;
}

}  // namespace lineward::http
