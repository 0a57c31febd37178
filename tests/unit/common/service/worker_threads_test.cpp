#include "common/service/worker_threads.hpp"

#include <semaphore>

#include <gtest/gtest.h>

namespace icebreaker::service {
namespace {

class FakeWorker {
 public:
  void run() {
    ++runs;
    stopped_.acquire();
  }

  void stop() { stopped_.release(); }

  bool turned() { return turns.turned(); }

  LoopTurns turns;
  std::atomic<int> runs = 0;

 private:
  std::counting_semaphore<> stopped_{0};
};

TEST(WorkerThreads, EndsTheThreadsThatRunWhenOneCannotBeMade) {
  FakeWorker first;
  FakeWorker second;
  const auto start = [&](FakeWorker& worker) -> std::jthread {
    if (&worker == &second) throw std::system_error{EAGAIN, std::generic_category()};
    return std::jthread{[&worker] { worker.run(); }};
  };

  EXPECT_THROW((WorkerThreads<FakeWorker>{{&first, &second}, start}), StartError);

  EXPECT_EQ(first.runs, 1);
  EXPECT_EQ(second.runs, 0);
}

TEST(WorkerThreads, AreAllAliveOnlyWhenEachLoopTurnedSinceTheLastQuestion) {
  FakeWorker first;
  FakeWorker second;
  WorkerThreads<FakeWorker> threads{{&first, &second}};
  first.turns.turn();

  EXPECT_FALSE(threads.all_turned());
  first.turns.turn();
  second.turns.turn();
  EXPECT_TRUE(threads.all_turned());
  EXPECT_FALSE(threads.all_turned());
}

}  // namespace
}  // namespace icebreaker::service
