// What libstdc++ of newer compilers takes from a glibc after 2.28, for a module that carries its own libstdc++
// (NETLET_STATIC_RUNTIME in cmake/static_runtime.cmake). Hidden: no other library finds them.
#include <sys/random.h>

extern "C" {

// glibc 2.32: true in a process that never started a thread, where shared_ptr may count without atomic instructions.
__attribute__((visibility("hidden"))) extern char __libc_single_threaded;
char __libc_single_threaded = 0;

// glibc 2.36, for std::random_device, which netlet never uses but which lies beside things that it does.
__attribute__((visibility("hidden"))) unsigned arc4random() {
    unsigned bits = 0;
    while (getentropy(&bits, sizeof bits) != 0) {
    }
    return bits;
}
}
