// The threads of a server that has one worker per core: each runs a worker until all are stopped,
// or until one of them cannot be made.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/relaxed_counter.hpp"
#include "common/service/command_line.hpp"

namespace icebreaker::service {

// Counts the turns of a worker's loop, for a watchdog that asks whether it still turns.
class LoopTurns {
 public:
  // The worker's thread.
  void turn() { ++turns_; }

  // Any one thread: whether there was a turn since the last call.
  [[nodiscard]] bool turned() {
    const std::uint64_t turns = turns_;
    return turns != std::exchange(seen_, turns);
  }

 private:
  RelaxedCounter turns_;
  std::uint64_t seen_ = 0;
};

// Worker: run() until stop(), which any thread may call, also before run(); turned() as LoopTurns.
template <class Worker>
class WorkerThreads {
 public:
  using Start = std::function<std::jthread(Worker&)>;

  // The workers outlive the threads. Throws StartError.
  explicit WorkerThreads(std::vector<Worker*> workers, const Start& start = start_thread)
      : workers_{std::move(workers)} {
    try {
      for (Worker* each : workers_) threads_.push_back(start(*each));
    } catch (const std::system_error& error) {
      stop();
      throw StartError("cannot start worker thread " + std::to_string(threads_.size() + 1) +
                       " of " + std::to_string(workers_.size()) + ": " + error.what() +
                       "; raise the limit of processes, or lower `workers`");
    }
  }

  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;
  WorkerThreads(WorkerThreads&&) = delete;
  WorkerThreads& operator=(WorkerThreads&&) = delete;

  ~WorkerThreads() { stop(); }

  // Whether each loop turned since the last call; also makes each turn, for the next.
  [[nodiscard]] bool all_turned() {
    return std::ranges::count_if(workers_, [](Worker* each) { return !each->turned(); }) == 0;
  }

 private:
  static std::jthread start_thread(Worker& worker) {
    return std::jthread{[&worker] { worker.run(); }};
  }

  void stop() {
    for (Worker* each : workers_) each->stop();
  }

  std::vector<Worker*> workers_;
  std::vector<std::jthread> threads_;
};

}  // namespace icebreaker::service
