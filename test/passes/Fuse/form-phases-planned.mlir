// RUN: sed "s/BARRIER/2.0e-07/; s/CORES/16/" %s | %frit-opt --pass-pipeline="builtin.module(frit-form-phases{fusion=planned})" | FileCheck %s --check-prefixes=CHECK,ONE
// RUN: sed "s/BARRIER/2.0e-07/; s/CORES/16/" %s | %frit-opt --pass-pipeline="builtin.module(frit-form-phases{fusion=planned tokens=64})" | FileCheck %s --check-prefixes=CHECK,MANY
// RUN: sed "s/BARRIER/2.0e-05/; s/CORES/16/" %s | %frit-opt --pass-pipeline="builtin.module(frit-form-phases{fusion=planned tokens=64})" | FileCheck %s --check-prefixes=CHECK,DEAR
// RUN: sed "s/BARRIER/2.0e-07/; s/CORES/1/" %s | %frit-opt --pass-pipeline="builtin.module(frit-form-phases{fusion=planned tokens=64})" | FileCheck %s --check-prefixes=CHECK,ALONE
// The planner decides from figures of the machine and of the call: one token is normed by each core for itself, many are normed once, unless
// waiting for each other is dear, or there is nobody to wait for.

module attributes {machine.target = #machine.target<"server", triple = "riscv64-unknown-linux-gnu", cpu = "generic-rv64",
    features = ["v"], cores = CORES, vector_bytes = 32, vector_registers = 32, f32_ops_per_second = 5.0e+10 per core,
    barrier_seconds = BARRIER, instructions = [<"dot4.256", 1, 8, 4, i8, ui8, i32, 2.0e+11 per core>],
    memories = [<"registers", 1024 per core>, <"l2", 1048576 per core>, <"l3", 33554432 per machine>, <"dram" per machine>],
    datapaths = [<"l2" to "registers", 1.0e+11 per core>, <"registers" to "l2", 1.0e+11 per core>,
                 <"l3" to "registers", 2.5e+10 per core>, <"registers" to "l3", 2.5e+10 per core>,
                 <"dram" to "l3", 4.0e+10 per machine>, <"l3" to "dram", 4.0e+10 per machine>]>} {

graph.file @f0 "model.gguf"
graph.weights @block [2] {
  graph.column @ffn_norm : !graph.weight<576, f32> at [@f0], [0, 2304]
  graph.column @gate : !graph.weight<1536x576, q4_1> at [@f0], [0, 1048576]
  graph.column @up : !graph.weight<1536x576, q4_1> at [@f0], [0, 1048576]
  graph.column @down : !graph.weight<576x1536, q4_1> at [@f0], [0, 1048576]
}

graph.layer @ffn(%x: tensor<?x576xf32>, %tok: !graph.tokens, %kv: !kv.cache<3x64, k = <f16>, v = <f16>>, %i: index) -> tensor<?x576xf32> {
  %wf = graph.param @block::@ffn_norm[%i] : !graph.weight<576, f32>
  %wg = graph.param @block::@gate[%i] : !graph.weight<1536x576, q4_1>
  %wu = graph.param @block::@up[%i] : !graph.weight<1536x576, q4_1>
  %wd = graph.param @block::@down[%i] : !graph.weight<576x1536, q4_1>
  %n = graph.norm %x, %wf {eps = 1.0e-5} : tensor<?x576xf32>, !graph.weight<576, f32>
  %nq = graph.quantize %n by 32 : tensor<?x576xf32>
  %g = graph.linear %nq, %wg : !graph.qtensor<?x576, block = 32>, !graph.weight<1536x576, q4_1>
  %u = graph.linear %nq, %wu : !graph.qtensor<?x576, block = 32>, !graph.weight<1536x576, q4_1>
  %f = graph.glu %g, %u silu : tensor<?x1536xf32>
  %fq = graph.quantize %f by 32 : tensor<?x1536xf32>
  %d = graph.linear %fq, %wd : !graph.qtensor<?x1536, block = 32>, !graph.weight<576x1536, q4_1>
  %y = graph.residual %x, %d : tensor<?x576xf32>
  graph.return %y : tensor<?x576xf32>
}
}

// MANY-LABEL: kernel.phase @ffn.quantize
// MANY:         graph.norm {{.*}} {{.*}}kernel.role = #kernel.role<prologue>
// MANY:         graph.quantize {{.*}} {kernel.role = #kernel.role<anchor>}
// CHECK-LABEL: kernel.phase @ffn.gate.up
// ONE:           graph.norm {{.*}}kernel.role = #kernel.role<prologue>
// DEAR:          graph.norm {{.*}}kernel.role = #kernel.role<prologue>
// ALONE:         graph.norm {{.*}}kernel.role = #kernel.role<prologue>
// MANY-NOT:      graph.norm
// CHECK:         graph.glu {{.*}} {kernel.role = #kernel.role<epilogue>}
// CHECK:       kernel.phase @ffn.down
// CHECK:         graph.residual {{.*}} {kernel.role = #kernel.role<epilogue>}
// CHECK-LABEL: graph.layer @ffn
// MANY-NEXT:     kernel.call @ffn.quantize
// CHECK-NEXT:    kernel.call @ffn.gate.up
// CHECK-NEXT:    kernel.call @ffn.down
// CHECK-NEXT:    graph.return
