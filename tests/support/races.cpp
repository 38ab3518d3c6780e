// What several threads do to the pool, to a lock and to a plan at once, and a fork in the middle of it. Built with
// sanitizers by tests/runtime/test_races.py. The kernels read and write atomically: that a plan may read weights while
// somebody assigns them is meant, and everything else is not.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>
#include <utility>

#include "base/fork.h"
#include "base/thread_pool.h"
#include "plan/plan.h"
#include "plan/tape.h"

using namespace netlet;

#define CHECK(x)                                                                                                       \
    do {                                                                                                               \
        if (!(x)) {                                                                                                    \
            std::fprintf(stderr, "line %d: expected %s\n", __LINE__, #x);                                              \
            std::_Exit(1);                                                                                             \
        }                                                                                                              \
    } while (0)

namespace {

struct CopyArgs {
    const int* x;
    int* y;
    int64_t x_step;  // 0: one number for all
};

void copy(const void* args, Range r) {
    const auto& a = *static_cast<const CopyArgs*>(args);
    for (int64_t i = r.begin; i < r.end; ++i)
        __atomic_store_n(a.y + i, __atomic_load_n(a.x + i * a.x_step, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
}

constexpr int64_t size = 20000;
const KernelOf<CopyArgs> kernel{{copy, "copy", "any"}, 0};

// Copies, and then does once what somebody else might do while it copies.
std::function<void()> meanwhile;
void copy_and_do(const void* args, Range r) {
    copy(args, r);
    if (meanwhile) std::exchange(meanwhile, nullptr)();
}
const KernelOf<CopyArgs> interrupted_kernel{{copy_and_do, "copy_and_do", "any"}, 0};

void assign(const Tensor& w, int number) {
    const Tensor value = make_tensor({1}, DType::i32), held = w;
    *value->data<int>() = number;
    Tape eager(Tape::Mode::eager);
    CopyArgs fill{};
    eager.emit(kernel, fill, {in(fill.x, value), out(fill.y, held)}, Work{size, size});
}

void locks() {
    ForkSafeMutex mutex;
    int64_t sum = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 5000; ++i) {
                if (t < 3)
                    mutex.lock();
                else if (!mutex.try_lock())
                    continue;
                ++sum;
                mutex.unlock();
            }
        });
    for (auto& t : threads) t.join();
    CHECK(sum >= 15000);
}

void pool() {
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([] {
            std::vector<int> x(1000, 7), y(1000);
            for (int i = 0; i < 500; ++i) {
                std::fill(y.begin(), y.end(), 0);
                const CopyArgs args{x.data(), y.data(), 1};
                ThreadPool::instance().run(copy, &args, 1000, 100 + i % 400);
                CHECK(x == y);
            }
        });
    std::thread setter([&] {
        for (int i = 0; !stop; ++i) {
            ThreadPool::instance().set_num_threads(1 + i % 5);
            CHECK(ThreadPool::instance().workers_started() < 5);
        }
    });
    for (auto& t : threads) t.join();
    stop = true;
    setter.join();
}

// A plan that packs w and copies the result.
std::shared_ptr<Plan> plan_of(const Tensor& w, const KernelOf<CopyArgs>& packing, int64_t grain) {
    const auto recorder = std::make_shared<Tape>(Tape::Mode::record);
    const Tensor packed = recorder->empty({size}, DType::i32), y = recorder->empty({size}, DType::i32);
    CopyArgs pack{nullptr, nullptr, 1}, use = pack;
    recorder->emit(packing, pack, {in(pack.x, w), out(pack.y, packed)}, Work{size, grain, 0, true});
    recorder->emit(kernel, use, {in(use.x, packed), out(use.y, y)}, Work{size, 1000});
    auto plan = recorder->compile({y});
    CHECK(plan->records()[0].prepack);
    return plan;
}

bool predicts(Plan& plan, int expected) {
    std::vector<int> result(size);
    const Plan::Session session(plan);
    plan.bind_output(0, result.data());
    plan.run_profiled();
    return std::all_of(result.begin(), result.end(), [&](int v) { return v == expected; });
}

void weights_written_while_they_are_packed() {
    const Tensor w = make_tensor({size}, DType::i32);
    const auto plan = plan_of(w, interrupted_kernel, size);
    assign(w, 1);
    meanwhile = [&] { assign(w, 2); };
    CHECK(predicts(*plan, 1));
    CHECK(predicts(*plan, 2));
}

// Three copies by row, of which all but the first and the last value have private memory, while the number of threads
// changes.
void row_chain() {
    constexpr int64_t rows = 24, row = size;
    const auto recorder = std::make_shared<Tape>(Tape::Mode::record);
    const Tensor x = make_tensor({rows, row}, DType::i32);
    std::vector<Tensor> values{x};
    for (int i = 0; i < 3; ++i) {
        const Tensor y = recorder->empty({rows, row}, DType::i32);
        CopyArgs args{nullptr, nullptr, 1};
        recorder->emit(kernel, args, {by_row(in(args.x, values.back())), by_row(out(args.y, y))},
                       with_rows({rows * row, 1000}, x->shape));
        values.push_back(y);
    }
    const auto plan = recorder->compile({values.back()});
    CHECK(plan->row_chains().size() == 1 && plan->row_chains()[0].blocks() > 1);
    CHECK(plan->arena_bytes() < rows * row * (int64_t)sizeof(int));
    std::atomic<bool> stop{false};
    std::thread setter([&] {
        for (int i = 0; !stop; ++i) ThreadPool::instance().set_num_threads(1 + i % 5);
    });
    std::vector<int> result(rows * row);
    for (int i = 0; i < 20; ++i) {
        for (int64_t k = 0; k < rows * row; ++k) x->data<int>()[k] = (int)k + i;
        const Plan::Session session(*plan);
        plan->bind_output(0, result.data());
        if (i % 2)
            plan->run();
        else
            plan->run_profiled();
        CHECK(std::equal(result.begin(), result.end(), x->data<int>()));
    }
    stop = true;
    setter.join();
}

void plan() {
    const Tensor w = make_tensor({size}, DType::i32);
    std::fill_n(w->data<int>(), size, 0);
    const auto plan = plan_of(w, kernel, 1000);
    std::atomic<bool> stop{false};
    std::vector<std::thread> others;
    for (int t = 0; t < 2; ++t)
        others.emplace_back([&] {
            while (!stop) predicts(*plan, -1);
            CHECK(plan->seconds(1) > 0);
        });
    constexpr int last = 300;
    for (int i = 1; i <= last; ++i) {
        assign(w, i);
        CHECK(predicts(*plan, i));
    }
    // With AddressSanitizer a child hangs: its allocator, it seems, is not fork-safe.
#if !defined(__SANITIZE_ADDRESS__)
    for (int i = 0; i < 5; ++i) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(100);
            std::_Exit(predicts(*plan, last) ? 0 : 1);
        }
        int status = 1;
        waitpid(child, &status, 0);
        CHECK(status == 0);
    }
#endif
    stop = true;
    for (auto& t : others) t.join();
}

}  // namespace

int main() {
    locks();
    pool();
    weights_written_while_they_are_packed();
    row_chain();
    plan();
}
