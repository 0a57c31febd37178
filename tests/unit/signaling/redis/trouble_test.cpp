#include "signaling/state/redis/trouble.hpp"

#include <set>

#include <gtest/gtest.h>

namespace icebreaker::signaling {
namespace {

TEST(Trouble, IsReadFromTheCodeOfAnError) {
  EXPECT_EQ(trouble_of("NOAUTH Authentication required."), Trouble::NoAuth);
  EXPECT_EQ(trouble_of("WRONGPASS invalid username-password pair or user is disabled."),
            Trouble::WrongPassword);
  EXPECT_EQ(trouble_of("LOADING Redis is loading the dataset in memory"), Trouble::Loading);
  EXPECT_EQ(trouble_of("NOSCRIPT No matching script. Please use EVAL."), Trouble::NoScript);
  EXPECT_EQ(trouble_of("MASTERDOWN Link with MASTER is down"), Trouble::MasterDown);
  EXPECT_EQ(trouble_of("CLUSTERDOWN The cluster is down"), Trouble::ClusterDown);
  EXPECT_EQ(trouble_of("MISCONF Redis is configured to save RDB snapshots"), Trouble::CannotSave);
  EXPECT_EQ(trouble_of("NOPERM this user has no permissions"), Trouble::NoPermission);
  EXPECT_EQ(trouble_of("ERR max number of clients reached"), Trouble::MaxClients);
  EXPECT_EQ(trouble_of("ERR AUTH <password> called without any password configured"),
            Trouble::WrongPassword);
  EXPECT_EQ(trouble_of("ERR Error compiling script (new function): user_script:1: '='"),
            Trouble::BadScript);
  EXPECT_EQ(trouble_of("ERR unknown command 'FOO'"), Trouble::Other);
  EXPECT_EQ(trouble_of(""), Trouble::Other);
}

TEST(Trouble, IsFoundInsideAScriptAsRedis6And7SayIt) {
  EXPECT_EQ(trouble_of("READONLY You can't write against a read only replica. script: ab, on "
                       "@user_script:1."),
            Trouble::ReadOnly);
  EXPECT_EQ(trouble_of("ERR Error running script (call to f_ab): @user_script:1: @user_script: 1: "
                       "-READONLY You can't write against a read only replica."),
            Trouble::ReadOnly);
  EXPECT_EQ(trouble_of("ERR Error running script (call to f_ab): @user_script:1: @user_script: 1: "
                       "-OOM command not allowed when used memory > 'maxmemory'."),
            Trouble::OutOfMemory);
  EXPECT_EQ(trouble_of("ERR user_script:1: attempt to index local 'a' script: ab"),
            Trouble::BadScript);
}

TEST(Trouble, HasWordsAndANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kTroubleCount; ++i) {
    const auto trouble = static_cast<Trouble>(i);
    names.insert(name_of(trouble));
    EXPECT_GT(words_of(trouble, "").size(), 10U);
    EXPECT_NE(words_of(trouble, "the detail").find("the detail"), std::string::npos);
  }
  EXPECT_EQ(names.size(), kTroubleCount);
  EXPECT_EQ(name_of(Trouble::Other), "other");
}

}  // namespace
}  // namespace icebreaker::signaling
