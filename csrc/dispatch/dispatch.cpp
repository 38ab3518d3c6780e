#include "dispatch/dispatch.h"

#include <atomic>
#include <cstdlib>

#include "base/cpu_info.h"
#include "base/error.h"

namespace netlet {

#define NETLET_DECLARE_ISA(isa)                                                                                        \
    namespace isa {                                                                                                    \
    extern const KernelTable table;                                                                                    \
    }
NETLET_DECLARE_ISA(avx512_bf16)
NETLET_DECLARE_ISA(avx512_vnni)
NETLET_DECLARE_ISA(avx512)
NETLET_DECLARE_ISA(avx2_vnni)
NETLET_DECLARE_ISA(avx2)
NETLET_DECLARE_ISA(neon_dot)
NETLET_DECLARE_ISA(neon)
NETLET_DECLARE_ISA(scalar)

namespace {

struct Isa {
    const char* name;
    const KernelTable* table;
    bool (*runs_here)();
    int vector_bytes;
};

// Best first; dispatch takes the first that this CPU runs. The last one runs on every CPU.
const Isa isas[] = {
#if defined(NETLET_HAS_AVX512_BF16)
    {"avx512_bf16", &avx512_bf16::table, cpu_has_avx512_bf16, 64},
#endif
#if defined(NETLET_HAS_AVX512_VNNI)
    {"avx512_vnni", &avx512_vnni::table, cpu_has_avx512_vnni, 64},
#endif
#if defined(NETLET_HAS_AVX512)
    {"avx512", &avx512::table, cpu_has_avx512, 64},
#endif
#if defined(NETLET_HAS_AVX2_VNNI)
    {"avx2_vnni", &avx2_vnni::table, cpu_has_avx2_vnni, 32},
#endif
#if defined(NETLET_HAS_AVX2)
    {"avx2", &avx2::table, cpu_has_avx2, 32},
#endif
#if defined(NETLET_HAS_NEON_DOT)
    {"neon_dot", &neon_dot::table, cpu_has_neon_dot, 16},
#endif
#if defined(NETLET_HAS_NEON)
    {"neon", &neon::table, [] { return true; }, 16},
#endif
    {"scalar", &scalar::table, [] { return true; }, 8},
};

const char* const names[] = {
#define NETLET_KERNEL(name, Args) #name,
#include "dispatch/kernels.def"
#undef NETLET_KERNEL
};

KernelFn function_in(const KernelTable* table, size_t index) {
    while (!table->fn[index]) table = table->base;
    return table->fn[index];
}

std::string joined(const std::vector<std::string>& words) {
    std::string s;
    for (const auto& w : words) s += (s.empty() ? "" : ", ") + w;
    return s;
}

const Isa& find(const std::string& name) {
    for (const Isa& isa : isas)
        if (name == isa.name) {
            if (!isa.runs_here())
                throw ValueError("NETLET_ISA=" + name + ": this CPU cannot run it; expected one of " +
                                 joined(supported_isas()));
            return isa;
        }
    throw ValueError("NETLET_ISA=" + name + ": unknown instruction set; expected one of " + joined(supported_isas()));
}

const Isa& first_choice() {
    if (const char* forced = std::getenv("NETLET_ISA"); forced && *forced) return find(forced);
    for (const Isa& isa : isas)
        if (isa.runs_here()) return isa;
    return isas[sizeof isas / sizeof *isas - 1];
}

std::atomic<const Isa*> active{nullptr};

const Isa& chosen() {
    const Isa* isa = active.load(std::memory_order_acquire);
    if (!isa) active.store(isa = &first_choice(), std::memory_order_release);
    return *isa;
}

}  // namespace

Kernel kernel_at(KernelIndex index) {
    const Isa& isa = chosen();
    return {function_in(isa.table, (size_t)index), names[(size_t)index], isa.name, (uint16_t)index};
}

std::string active_isa() { return chosen().name; }

int vector_bytes() { return chosen().vector_bytes; }

std::vector<std::string> supported_isas() {
    std::vector<std::string> v;
    for (const Isa& isa : isas)
        if (isa.runs_here()) v.push_back(isa.name);
    return v;
}

std::vector<std::string> kernel_names() { return {std::begin(names), std::end(names)}; }

std::vector<std::pair<std::string, std::vector<uintptr_t>>> kernel_tables() {
    std::vector<std::pair<std::string, std::vector<uintptr_t>>> tables;
    for (const Isa& isa : isas) {
        auto& [name, addresses] = tables.emplace_back(isa.name, 0);
        for (size_t i = 0; i < (size_t)KernelIndex::count; ++i)
            addresses.push_back((uintptr_t)function_in(isa.table, i));
    }
    return tables;
}

void force_isa(const std::string& name) { active.store(&find(name), std::memory_order_release); }

}  // namespace netlet
