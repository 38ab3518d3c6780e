// Releases the GIL while native code runs, and takes it.
//
// pybind11's own guards are not used. While Python shuts down, it ends every other thread that asks for the GIL by
// unwinding that thread's stack (pthread_exit). The unwinding would leave a destructor of the guard, for which C++ ends
// the whole process. Here such a thread sleeps until the process ends, as in Python 3.14.
#pragma once
#include <Python.h>

#include <cstddef>  // names the standard library

#if defined(__GLIBCXX__) && !defined(_WIN32)
#include <unistd.h>
#endif

namespace netlet::bindings {

template <class Take> auto take_gil(Take take) {
#if defined(__GLIBCXX__) && !defined(_WIN32)
    try {
        return take();
    } catch (...) {  // that unwinding, since Python throws nothing; abi::__forced_unwind& would refer to no object
        for (;;) pause();
    }
#else
    return take();
#endif
}

class GilReleased {
  public:
    GilReleased() : state_(PyEval_SaveThread()) {}
    ~GilReleased() {
        take_gil([this] { PyEval_RestoreThread(state_); });
    }
    GilReleased(const GilReleased&) = delete;
    GilReleased& operator=(const GilReleased&) = delete;

  private:
    PyThreadState* const state_;
};

class GilTaken {
  public:
    GilTaken() : state_(take_gil(PyGILState_Ensure)) {}
    ~GilTaken() { PyGILState_Release(state_); }
    GilTaken(const GilTaken&) = delete;
    GilTaken& operator=(const GilTaken&) = delete;

  private:
    const PyGILState_STATE state_;
};

}  // namespace netlet::bindings
