#include "signaling/server/static_site.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <sstream>

#include <zlib.h>

#include "common/base/ascii.hpp"
#include "common/base/bytes.hpp"
#include "common/base/hex.hpp"
#include "common/crypto/digest.hpp"

namespace icebreaker::signaling {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileBytes = 16U << 20U;
constexpr std::size_t kMinGzipBytes = 256;

// Names in the client's modules carry no version, so browsers ask each time; the ETag makes the
// usual answer an empty 304.
constexpr std::string_view kRevalidate = "no-cache";
constexpr std::string_view kOneHour = "public, max-age=3600";

struct FileType {
  std::string_view extension;
  std::string_view content_type;
  std::string_view cache_control;
};

constexpr std::array kFileTypes{
    FileType{".html", "text/html; charset=utf-8", kRevalidate},
    FileType{".css", "text/css; charset=utf-8", kRevalidate},
    FileType{".js", "text/javascript; charset=utf-8", kRevalidate},
    FileType{".mjs", "text/javascript; charset=utf-8", kRevalidate},
    FileType{".json", "application/json", kRevalidate},
    FileType{".webmanifest", "application/manifest+json", kRevalidate},
    FileType{".txt", "text/plain; charset=utf-8", kRevalidate},
    FileType{".svg", "image/svg+xml", kOneHour},
    FileType{".png", "image/png", kOneHour},
    FileType{".jpg", "image/jpeg", kOneHour},
    FileType{".webp", "image/webp", kOneHour},
    FileType{".ico", "image/x-icon", kOneHour},
    FileType{".woff2", "font/woff2", kOneHour},
    FileType{".mp3", "audio/mpeg", kOneHour},
    FileType{".ogg", "audio/ogg", kOneHour},
};

// No inline script or style, nothing from other hosts; connect-src 'self' covers the WebSocket.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob: mediastream:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'";

constexpr std::string_view kPermissionsPolicy =
    "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=()";

constexpr std::string_view kNotFoundPage =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\"><title>Not found</title></head>"
    "<body><h1>Not found</h1><p>There is no such page here. <a href=\"/\">Go to the start</a>."
    "</p></body></html>\n";

const FileType* find_type(const fs::path& path) {
  const std::string extension = path.extension().string();
  const auto* const found = std::ranges::find(kFileTypes, extension, &FileType::extension);
  return found == kFileTypes.end() ? nullptr : found;
}

// A source tree serves as web_root too; what only developers need stays out.
bool is_tooling(const fs::path& path) {
  static constexpr std::array<std::string_view, 8> kNames{
      "test",          "tests",         "node_modules",      "package.json",
      "jsconfig.json", "tsconfig.json", "package-lock.json", "eslint.config.js"};
  const std::string name = path.filename().string();
  return name.starts_with('.') || std::ranges::find(kNames, name) != kNames.end();
}

std::optional<std::string> read_file(const fs::path& path) {
  const std::ifstream file{path, std::ios::binary};
  std::ostringstream content;
  content << file.rdbuf();
  if (!file) return std::nullopt;
  return std::move(content).str();
}

// Nothing when it saves too little to be worth a second copy.
std::optional<std::string> gzip(const std::string& content) {
  if (content.size() < kMinGzipBytes) return std::nullopt;
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWindow, 9, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return std::nullopt;
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(content.size())), '\0');
  std::string in = content;  // zlib's input pointer is not const
  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): zlib speaks unsigned char.
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
  stream.avail_in = static_cast<uInt>(in.size());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END || out.size() * 10 > content.size() * 9) return std::nullopt;
  return out;
}

std::string etag_of(const std::string& content, std::string_view suffix) {
  const crypto::Sha256Digest digest = crypto::sha256(bytes_of(content));
  constexpr std::size_t kTagBytes = 16;
  std::string tag{'"'};
  return tag.append(hex_of(ByteView{digest}.first(kTagBytes))).append(suffix).append("\"");
}

void add_security_headers(HttpResponse& response) {
  response.headers.emplace_back("Content-Security-Policy", kContentSecurityPolicy);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Permissions-Policy", kPermissionsPolicy);
  response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
}

HttpResponse page(int status, std::string_view content) {
  HttpResponse response{.status = status, .body = std::string{content}};
  response.headers.emplace_back("Content-Type", "text/html; charset=utf-8");
  response.headers.emplace_back("Cache-Control", "no-store");
  add_security_headers(response);
  return response;
}

// "q=0", "q=0.0": RFC 9110 §12.4.2 "not acceptable".
bool has_zero_weight(std::string_view parameters) {
  const auto weight = parameters.find("q=");
  if (weight == std::string_view::npos) return false;
  const std::string_view value = trimmed(parameters.substr(weight + 2));
  return !value.empty() && value.find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

std::expected<StaticSite, std::string> StaticSite::load(const fs::path& root) {
  std::error_code error;
  fs::recursive_directory_iterator walk{root, error};
  if (error) return std::unexpected("cannot read " + root.string() + ": " + error.message());

  StaticSite site;
  for (; walk != fs::recursive_directory_iterator{}; walk.increment(error)) {
    if (error) return std::unexpected("cannot read " + root.string() + ": " + error.message());
    const fs::path& path = walk->path();
    if (is_tooling(path)) {
      if (walk->is_directory(error)) walk.disable_recursion_pending();
      continue;
    }
    if (find_type(path) == nullptr || !walk->is_regular_file(error)) continue;
    if (walk->file_size(error) > kMaxFileBytes) {
      return std::unexpected(path.string() + " is larger than 16 MiB");
    }
    auto content = read_file(path);
    if (!content) return std::unexpected("cannot read " + path.string());
    site.add("/" + fs::relative(path, root, error).generic_string(), *std::move(content));
  }
  if (!site.assets_.contains("/index.html")) {
    return std::unexpected(root.string() + " has no index.html");
  }
  return site;
}

void StaticSite::add(const std::string& path, std::string content) {
  const FileType* const type = find_type(path);
  Asset asset;
  asset.content_type = type == nullptr ? "application/octet-stream" : type->content_type;
  asset.cache_control = type == nullptr ? kRevalidate : type->cache_control;
  asset.plain.etag = etag_of(content, "");
  // RFC 9110 §8.8.3: each encoding of a resource has a strong tag of its own.
  if (auto packed = gzip(content)) {
    asset.gzip.etag = etag_of(content, "-gz");
    asset.gzip.content = std::make_shared<const std::string>(*std::move(packed));
  }
  asset.plain.content = std::make_shared<const std::string>(std::move(content));
  assets_.insert_or_assign(path, std::move(asset));
}

HttpResponse StaticSite::respond(const HttpRequest& request) const {
  const auto found = request.path.ends_with('/') ? assets_.find(request.path + "index.html")
                                                 : assets_.find(request.path);
  if (found == assets_.end()) return page(404, kNotFoundPage);
  if (request.method != Method::Get && request.method != Method::Head) {
    HttpResponse refused = page(405, "<!doctype html><title>Method not allowed</title>\n");
    refused.headers.emplace_back("Allow", "GET, HEAD");
    return refused;
  }

  const Asset& asset = found->second;
  const bool packed = asset.gzip.content && accepts_gzip(request.accept_encoding);
  const Variant& variant = packed ? asset.gzip : asset.plain;
  HttpResponse response;
  response.headers.emplace_back("ETag", variant.etag);
  response.headers.emplace_back("Cache-Control", asset.cache_control);
  if (asset.gzip.content) response.headers.emplace_back("Vary", "Accept-Encoding");
  if (matches_etag(request.if_none_match, variant.etag)) {
    response.status = 304;
    return response;
  }
  response.headers.emplace_back("Content-Type", asset.content_type);
  if (packed) response.headers.emplace_back("Content-Encoding", "gzip");
  add_security_headers(response);
  response.shared_body = variant.content;
  return response;
}

std::size_t StaticSite::total_bytes() const {
  std::size_t total = 0;
  for (const auto& [path, asset] : assets_) {
    total += asset.plain.content->size() + (asset.gzip.content ? asset.gzip.content->size() : 0);
  }
  return total;
}

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<bool> by_name;
  std::optional<bool> by_wildcard;
  for_each_element(accept_encoding, [&](std::string_view element) {
    const auto semicolon = element.find(';');
    const std::string_view name = trimmed(element.substr(0, semicolon));
    const bool wanted =
        semicolon == std::string_view::npos || !has_zero_weight(element.substr(semicolon + 1));
    if (equal_ignoring_case(name, "gzip") || equal_ignoring_case(name, "x-gzip")) by_name = wanted;
    if (name == "*") by_wildcard = wanted;
  });
  return by_name.value_or(by_wildcard.value_or(false));
}

bool matches_etag(std::string_view if_none_match, std::string_view etag) {
  bool matches = false;
  for_each_element(if_none_match, [&](std::string_view element) {
    if (element.starts_with("W/")) element.remove_prefix(2);
    matches = matches || element == etag || element == "*";
  });
  return matches;
}

}  // namespace icebreaker::signaling
