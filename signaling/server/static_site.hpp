// The web client, served from memory: loaded, hashed and compressed once at start.
#pragma once

#include <cstddef>
#include <expected>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "signaling/server/http.hpp"

namespace icebreaker::signaling {

class StaticSite {
 public:
  // Every regular file below `root` of a known type, but hidden ones, tests and tooling. The error
  // says in words what is wrong with the directory.
  static std::expected<StaticSite, std::string> load(const std::filesystem::path& root);

  // A site without files: every path is unknown.
  StaticSite() = default;

  // "/a/b.js"; for tests and generated content.
  void add(const std::string& path, std::string content);

  // 200, 304, 404 or 405.
  [[nodiscard]] HttpResponse respond(const HttpRequest& request) const;

  [[nodiscard]] std::size_t file_count() const { return assets_.size(); }

  [[nodiscard]] std::size_t total_bytes() const;

 private:
  struct Variant {
    std::shared_ptr<const std::string> content;
    std::string etag;
  };

  struct Asset {
    std::string_view content_type;
    std::string_view cache_control;
    Variant plain;
    Variant gzip;  // without content when it would save nothing
  };

  std::map<std::string, Asset, std::less<>> assets_;
};

// RFC 9110 §12.5.3: gzip or * is listed and its weight is not zero.
bool accepts_gzip(std::string_view accept_encoding);

// RFC 9110 §13.1.2: the list holds the tag (weak comparison) or is "*".
bool matches_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace icebreaker::signaling
