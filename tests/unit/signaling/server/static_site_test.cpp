#include "signaling/server/static_site.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <zlib.h>

namespace icebreaker::signaling {
namespace {

namespace fs = std::filesystem;

std::string value_of(const HttpResponse& response, std::string_view name) {
  const auto found =
      std::ranges::find(response.headers, name, [](const auto& entry) { return entry.first; });
  return found == response.headers.end() ? "" : found->second;
}

std::string unpacked(std::string packed) {
  std::string out(1U << 20U, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): zlib speaks unsigned char.
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

const std::string kModule(4000, 'x');

StaticSite site() {
  StaticSite made;
  made.add("/index.html", "<!doctype html>");
  made.add("/src/app.js", kModule);
  made.add("/icon.png", "\x89PNG");
  return made;
}

HttpRequest get(std::string path) {
  return {.path = std::move(path)};
}

TEST(StaticSite, ServesTheStartPageAtTheRoot) {
  const HttpResponse response = site().respond(get("/"));

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content(), "<!doctype html>");
  EXPECT_EQ(value_of(response, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(value_of(response, "Cache-Control"), "no-cache");
  EXPECT_EQ(value_of(response, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(value_of(response, "Content-Security-Policy").find("unsafe"), std::string::npos);
  EXPECT_NE(value_of(response, "Permissions-Policy").find("camera=(self)"), std::string::npos);
}

TEST(StaticSite, KnowsContentTypesAndHowLongTheyKeep) {
  EXPECT_EQ(value_of(site().respond(get("/src/app.js")), "Content-Type"),
            "text/javascript; charset=utf-8");
  EXPECT_EQ(value_of(site().respond(get("/icon.png")), "Content-Type"), "image/png");
  EXPECT_EQ(value_of(site().respond(get("/icon.png")), "Cache-Control"), "public, max-age=3600");
}

TEST(StaticSite, CompressesForThoseWhoAccept) {
  HttpRequest request = get("/src/app.js");
  const HttpResponse plain = site().respond(request);
  request.accept_encoding = "gzip, deflate, br";

  const HttpResponse packed = site().respond(request);

  EXPECT_EQ(value_of(plain, "Content-Encoding"), "");
  EXPECT_EQ(plain.content(), kModule);
  EXPECT_EQ(value_of(packed, "Content-Encoding"), "gzip");
  EXPECT_EQ(value_of(packed, "Vary"), "Accept-Encoding");
  EXPECT_EQ(value_of(plain, "Vary"), "Accept-Encoding");
  EXPECT_LT(packed.content().size(), kModule.size());
  EXPECT_EQ(unpacked(std::string{packed.content()}), kModule);
  EXPECT_NE(value_of(plain, "ETag"), value_of(packed, "ETag"));
}

TEST(StaticSite, Answers304ToAKnownTag) {
  HttpRequest request = get("/src/app.js");
  const std::string tag = value_of(site().respond(request), "ETag");
  request.if_none_match = "\"other\", " + tag;

  const HttpResponse response = site().respond(request);

  EXPECT_EQ(response.status, 304);
  EXPECT_EQ(response.content(), "");
  EXPECT_EQ(value_of(response, "ETag"), tag);
  EXPECT_EQ(value_of(response, "Content-Type"), "");
}

TEST(StaticSite, ChangesTheTagWithTheContent) {
  StaticSite changed = site();
  changed.add("/src/app.js", kModule + "y");

  EXPECT_NE(value_of(changed.respond(get("/src/app.js")), "ETag"),
            value_of(site().respond(get("/src/app.js")), "ETag"));
}

TEST(StaticSite, AnswersUnknownPathsWithASmallPage) {
  const HttpResponse response = site().respond(get("/nothing"));

  EXPECT_EQ(response.status, 404);
  EXPECT_NE(response.content().find("Not found"), std::string::npos);
  EXPECT_EQ(site().respond(get("/../etc/passwd")).status, 404);
  EXPECT_EQ(site().respond(get("/src/../index.html")).status, 404);
  EXPECT_EQ(site().respond(get("/src")).status, 404);
}

TEST(StaticSite, RefusesToBeWritten) {
  HttpRequest request = get("/");
  request.method = Method::Post;

  const HttpResponse response = site().respond(request);

  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(value_of(response, "Allow"), "GET, HEAD");
}

class StaticSiteFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "icebreaker-site-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }

  void TearDown() override { fs::remove_all(root_); }

  void write(const fs::path& name, std::string_view content) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream{root_ / name} << content;
  }

  fs::path root_;
};

TEST_F(StaticSiteFolder, LoadsWhatBelongsToThePageOnly) {
  write("index.html", "<!doctype html>");
  write("src/app.js", "export {};");
  write("test/app.test.js", "secret");
  write(".git/config.json", "secret");
  write("node_modules/x/index.js", "secret");
  write("meson.build", "install_data()");
  write("package.json", "{}");

  const auto loaded = StaticSite::load(root_);

  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->file_count(), 2U);
  EXPECT_EQ(loaded->respond(get("/src/app.js")).content(), "export {};");
}

TEST_F(StaticSiteFolder, SaysWhatIsWrongWithTheFolder) {
  EXPECT_NE(StaticSite::load(root_).error().find("no index.html"), std::string::npos);
  EXPECT_NE(StaticSite::load(root_ / "missing").error().find("cannot read"), std::string::npos);
}

TEST(AcceptsGzip, FollowsWeights) {
  EXPECT_TRUE(accepts_gzip("gzip"));
  EXPECT_TRUE(accepts_gzip("br;q=1.0, gzip;q=0.5"));
  EXPECT_TRUE(accepts_gzip("*"));
  EXPECT_FALSE(accepts_gzip(""));
  EXPECT_FALSE(accepts_gzip("br"));
  EXPECT_FALSE(accepts_gzip("gzip;q=0"));
  EXPECT_FALSE(accepts_gzip("gzip;q=0.000, *"));
  EXPECT_FALSE(accepts_gzip("*;q=0"));
}

TEST(MatchesEtag, ComparesWeaklyAndKnowsTheStar) {
  EXPECT_TRUE(matches_etag("W/\"a\"", "\"a\""));
  EXPECT_TRUE(matches_etag("*", "\"a\""));
  EXPECT_FALSE(matches_etag("\"b\"", "\"a\""));
  EXPECT_FALSE(matches_etag("", "\"a\""));
}

}  // namespace
}  // namespace icebreaker::signaling
