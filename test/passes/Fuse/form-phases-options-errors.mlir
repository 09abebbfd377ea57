// RUN: split-file %s %t
// RUN: %frit-opt %t/some.mlir --pass-pipeline="builtin.module(frit-form-phases{fusion=some})" --verify-diagnostics
// RUN: %frit-opt %t/keys.mlir --pass-pipeline="builtin.module(frit-form-phases{tokens=8 keys=7})" --verify-diagnostics
// RUN: %frit-opt %t/none.mlir --pass-pipeline="builtin.module(frit-form-phases{fusion=planned})" --verify-diagnostics
// RUN: %frit-opt %t/figures.mlir --pass-pipeline="builtin.module(frit-form-phases{fusion=planned})" --verify-diagnostics
// What no option has is refused, and a machine of which the planner does not know enough.

//--- some.mlir
// expected-error @+1 {{expected fusion to be all, none or planned, but got some}}
module {
}

//--- keys.mlir
// expected-error @+1 {{expected at least one token and as many keys, but got 8 and 7}}
module {
}

//--- none.mlir
// expected-error @+1 {{expected a machine.target on the module to plan for}}
module {
}

//--- figures.mlir
// expected-error @+1 {{the description of machine server does not say what the planner needs: cores, barrier_seconds, the bandwidth from dram to registers, f32_ops_per_second, the rate of dot4.256}}
module attributes {machine.target = #machine.target<"server", triple = "riscv64-unknown-linux-gnu", cpu = "generic-rv64",
    features = ["v"], vector_bytes = 32, vector_registers = 32, instructions = [<"dot4.256", 1, 8, 4, i8, ui8, i32>],
    memories = [<"registers", 1024 per core>, <"dram" per machine>], datapaths = [<"dram" to "registers">]>} {
}
