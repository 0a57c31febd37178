// libuv handles as owners: the callback stops with the object, the memory goes when libuv is done
// with it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include <uv.h>

namespace icebreaker::net {

template <class Handle>
class UvHandle {
 public:
  UvHandle() = default;
  UvHandle(const UvHandle&) = delete;
  UvHandle& operator=(const UvHandle&) = delete;
  UvHandle(UvHandle&&) = delete;
  UvHandle& operator=(UvHandle&&) = delete;

  ~UvHandle() { reset(); }

  void reset() {
    if (!body_) return;
    body_->callback = nullptr;
    Body* const body = body_.release();
    uv_close(as_handle(&body->handle), [](uv_handle_t* handle) noexcept {
      const std::unique_ptr<Body> owner{static_cast<Body*>(handle->data)};
    });
  }

  [[nodiscard]] explicit operator bool() const { return body_ != nullptr; }

  // Does not keep the loop running.
  void unref() { uv_unref(as_handle(&body_->handle)); }

 protected:
  struct Body {
    Handle handle{};
    std::function<void()> callback;
  };

  Handle* make(std::function<void()> callback) {
    reset();
    body_ = std::make_unique<Body>();
    body_->callback = std::move(callback);
    body_->handle.data = body_.get();
    return &body_->handle;
  }

  Handle* get() { return &body_->handle; }

  static void run(Handle* handle) {
    // A copy: the callback may reset its own handle.
    const auto callback = static_cast<Body*>(handle->data)->callback;
    if (callback) callback();
  }

 private:
  static uv_handle_t* as_handle(Handle* handle) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): libuv's way of subclassing.
    return reinterpret_cast<uv_handle_t*>(handle);
  }

  std::unique_ptr<Body> body_;
};

class UvPoll : public UvHandle<uv_poll_t> {
 public:
  void start(uv_loop_t* loop, int fd, std::function<void()> on_readable) {
    uv_poll_t* const handle = make(std::move(on_readable));
    uv_poll_init(loop, handle, fd);
    uv_poll_start(handle, UV_READABLE, [](uv_poll_t* ready, int, int) noexcept { run(ready); });
  }
};

class UvTimer : public UvHandle<uv_timer_t> {
 public:
  void start(uv_loop_t* loop, std::function<void()> on_due) {
    uv_timer_init(loop, make(std::move(on_due)));
  }

  // Once, from now; replaces an earlier setting.
  void set(std::chrono::milliseconds after) {
    uv_update_time(get()->loop);  // libuv counts from the start of the loop's turn
    uv_timer_start(
        get(), [](uv_timer_t* due) noexcept { run(due); },
        static_cast<std::uint64_t>(after.count()), 0);
  }

  void stop() { uv_timer_stop(get()); }
};

// Once, as soon as the loop goes round; it does not wait for events before.
class UvIdle : public UvHandle<uv_idle_t> {
 public:
  void start(uv_loop_t* loop, std::function<void()> callback) {
    uv_idle_init(loop, make(std::move(callback)));
  }

  void set() {
    uv_idle_start(get(), [](uv_idle_t* ready) noexcept {
      uv_idle_stop(ready);
      run(ready);
    });
  }

  void stop() { uv_idle_stop(get()); }
};

// Before the loop waits for events.
class UvPrepare : public UvHandle<uv_prepare_t> {
 public:
  void start(uv_loop_t* loop, std::function<void()> before_wait) {
    uv_prepare_t* const handle = make(std::move(before_wait));
    uv_prepare_init(loop, handle);
    uv_prepare_start(handle, [](uv_prepare_t* ready) noexcept { run(ready); });
  }
};

}  // namespace icebreaker::net
