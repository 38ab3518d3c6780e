// Kernels that each break one promise of plan/guarded_launch.h; tests/plan/test_guarded_launch.py runs each in a process of
// its own. `faulty_kernels NAME` prints "passed", or why the launch failed.
#include <cstdio>
#include <cstring>
#include <exception>
#include <map>
#include <string>
#include <vector>

#include "plan/guarded_launch.h"

using namespace netlet;

namespace {

constexpr int64_t n = 33;  // floats: neither the beginning nor the end of a page

struct Args {
    const float* x;
    float* y;
};

void copy(const Args& a) { std::memcpy(a.y, a.x, n * sizeof(float)); }

// Accesses that no compiler leaves out.
float read(const float* p) { return *static_cast<const volatile float*>(p); }
void write(float* p) { *static_cast<volatile float*>(p) = 1; }

using Body = void (*)(const Args&);
const std::map<std::string, Body> bodies = {
    {"correct", copy},
    {"writes_a_part", [](const Args& a) { a.y[n / 2] = a.x[0]; }},
    {"reads_behind", [](const Args& a) { copy(a), a.y[0] = read(a.x + n); }},
    {"reads_before", [](const Args& a) { copy(a), a.y[0] = read(a.x - 1); }},
    {"writes_behind", [](const Args& a) { copy(a), write(a.y + n); }},
    {"writes_before", [](const Args& a) { copy(a), write(a.y - 1); }},
    {"writes_beside",
     [](const Args& a) {
         copy(a);
         if (reinterpret_cast<uintptr_t>(a.y + n) % 4096 != 0) write(a.y + n);
     }},
    {"writes_its_input", [](const Args& a) { copy(a), const_cast<float*>(a.x)[3] = 7; }},
    {"adds_to_a_result", [](const Args& a) { a.y[5] += a.x[5]; }},
    {"depends_on_alignment", [](const Args& a) { a.y[0] = reinterpret_cast<uintptr_t>(a.x) % 32 ? 1.0f : 2.0f; }},
};

Body chosen;
void kernel(const void* args, Range) { chosen(*static_cast<const Args*>(args)); }

}  // namespace

int main(int, char** arguments) {
    chosen = bodies.at(arguments[1]);
    std::vector<float> x(n, 2), y(n, 3);
    Args args{x.data(), y.data()};
    Record record{{kernel, "faulty", "scalar", 0}, 0, 1, 1, 0, false, {}, {}};
    record.operands.push_back({0, -1, nullptr, 0, {n}, DType::f32, true, false});
    record.operands.push_back({sizeof(float*), -1, nullptr, 0, {n}, DType::f32, false, true});
    guard_launches(true);
    try {
        launch_guarded(record, reinterpret_cast<std::byte*>(&args));
    } catch (const std::exception& e) {
        std::printf("%s\n", e.what());
        return args.x == x.data() && args.y == y.data() ? 0 : 2;
    }
    int written = 0;
    for (float v : y) written += v == 2;
    std::printf("passed with %d results written\n", written);
}
