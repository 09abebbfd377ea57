// RUN: split-file %s %t
// RUN: %frit-opt %t/some.mlir --pass-pipeline="builtin.module(frit-form-phases{fusion=some})" --verify-diagnostics
// RUN: %frit-opt %t/keys.mlir --pass-pipeline="builtin.module(frit-form-phases{tokens=8 max-tokens=7})" --verify-diagnostics
// RUN: %frit-opt %t/none.mlir --pass-pipeline="builtin.module(frit-form-phases{fusion=planned})" --verify-diagnostics
// RUN: %frit-opt %t/figures.mlir --pass-pipeline="builtin.module(frit-form-phases{fusion=planned})" --verify-diagnostics
// RUN: %frit-opt %t/numbers.mlir --pass-pipeline="builtin.module(frit-form-phases{fusion=planned})" --verify-diagnostics
// What no option has is refused, and a machine of which the planner does not know enough.

//--- some.mlir
// expected-error @+1 {{expected fusion to be all, none or planned, but got some}}
module {
}

//--- keys.mlir
// expected-error @+1 {{expected at least one key, one token at most, and up to so many to plan for, but got 1024, 7 and 8}}
module {
}

//--- none.mlir
// expected-error @+1 {{expected a machine.target on the module to plan for}}
module {
}

//--- figures.mlir
// expected-error @+1 {{the description of machine server does not say what the planner needs: cores, barrier_seconds, f32_ops_per_second, the rate of dot4.256, the bandwidth from dram to registers; fusion=all and fusion=none need nothing of it}}
module attributes {machine.target = #machine.target<"server", triple = "riscv64-unknown-linux-gnu", cpu = "generic-rv64",
    features = ["v"], vector_bytes = 32, vector_registers = 32, instructions = [<"dot4.256", 1, 8, 4, i8, ui8, i32>],
    memories = [<"registers", 1024 per core>, <"dram" per machine>], datapaths = [<"dram" to "registers">]>} {
}

//--- numbers.mlir
module attributes {machine.target = #machine.target<"server", triple = "riscv64-unknown-linux-gnu", cpu = "generic-rv64",
    features = ["v"], cores = 4, vector_bytes = 32, vector_registers = 32, f32_ops_per_second = 5.0e+10 per core, barrier_seconds = 2.0e-07, instructions = [],
    memories = [<"l2", 1048576 per core>, <"dram" per machine>],
    datapaths = [<"dram" to "l2", 1.0e+10 per core>, <"l2" to "dram", 1.0e+10 per core>]>} {
graph.file @f0 "model.gguf"
graph.weight @w : !graph.weight<64x64, q4_1> at @f0, 0
// expected-error @+1 {{machine server has no matrix instruction for i8, which w multiplies}}
graph.layer @layer(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<2x16, k = <f16>, v = <f16>>, %i: index) -> tensor<?x64xf32> {
  %w = graph.param @w : !graph.weight<64x64, q4_1>
  %q = graph.quantize %x by 32 : tensor<?x64xf32>
  %y = graph.linear %q, %w : !graph.qtensor<?x64, block = 32>, !graph.weight<64x64, q4_1>
  graph.return %y : tensor<?x64xf32>
}
}
