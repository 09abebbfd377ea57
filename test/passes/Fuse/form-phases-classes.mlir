// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases{fusion=planned})" | FileCheck %s
// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases{fusion=planned max-tokens=8})" | FileCheck %s --check-prefix=FEW
// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases{fusion=planned max-tokens=100},frit-form-tiles{max-tokens=100})" | FileCheck %s --check-prefix=TILES
// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases{fusion=planned max-tokens=100},frit-form-tiles{max-tokens=6})" | FileCheck %s --check-prefix=SIX
// One plan for each class of calls: of a few tokens each core computes the norm for itself, of many each one once. Calls that are
// planned alike share code, and all share the buffers and what the program leaves.

module attributes {machine.target = #machine.target<"server", triple = "riscv64-unknown-linux-gnu", cpu = "generic-rv64",
    features = ["v"], cores = 16, vector_bytes = 32, vector_registers = 32, f32_ops_per_second = 5.0e+10 per core,
    barrier_seconds = 2.0e-07, instructions = [<"vpmaddubsw.256", 1, 8, 4, i8, ui8, i32, 2.0e+11 per core>],
    memories = [<"registers", 1024 per core>, <"l2", 1048576 per core>, <"l3", 33554432 per machine>, <"dram" per machine>],
    datapaths = [<"l2" to "registers", 1.0e+11 per core>, <"registers" to "l2", 1.0e+11 per core>,
                 <"l3" to "registers", 2.5e+10 per core>, <"registers" to "l3", 2.5e+10 per core>,
                 <"dram" to "l3", 4.0e+10 per machine>, <"l3" to "dram", 4.0e+10 per machine>]>} {

graph.file @f0 "model.gguf"
graph.weight @table : !graph.weight<64x576, q8_0> at @f0, 0
graph.weights @block [2] {
  graph.column @norm : !graph.weight<576, f32> at [@f0], [0, 2304]
  graph.column @w : !graph.weight<576x576, q4_1> at [@f0], [0, 1048576]
}

graph.layer @layer(%x: tensor<?x576xf32>, %tok: !graph.tokens, %kv: !kv.cache<3x64, k = <f16>, v = <f16>>, %i: index) -> tensor<?x576xf32> {
  %wn = graph.param @block::@norm[%i] : !graph.weight<576, f32>
  %w = graph.param @block::@w[%i] : !graph.weight<576x576, q4_1>
  %n = graph.norm %x, %wn {eps = 1.0e-5} : tensor<?x576xf32>, !graph.weight<576, f32>
  %q = graph.quantize %n by 32 : tensor<?x576xf32>
  %o = graph.linear %q, %w : !graph.qtensor<?x576, block = 32>, !graph.weight<576x576, q4_1>
  %oq = graph.quantize %o by 32 : tensor<?x576xf32>
  %p = graph.linear %oq, %w : !graph.qtensor<?x576, block = 32>, !graph.weight<576x576, q4_1>
  %y = graph.residual %x, %p : tensor<?x576xf32>
  graph.return %y : tensor<?x576xf32>
}
graph.func @forward(%tok: !graph.tokens, %kv: !kv.caches<2>) -> tensor<?x64xf32> {
  %t = graph.param @table : !graph.weight<64x576, q8_0>
  %x = graph.embed %tok, %t : !graph.weight<64x576, q8_0>
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@layer, 0, 2>] : tensor<?x576xf32>, !kv.caches<2>
  %s = graph.select %y, %tok : tensor<?x576xf32>
  %q = graph.quantize %s by 32 : tensor<?x576xf32>
  %l = graph.logits %q, %t : !graph.qtensor<?x576, block = 32>, !graph.weight<64x576, q8_0>
  graph.return %l : tensor<?x64xf32>
}
}

// CHECK:       graph.layer @layer({{.*}} attributes {kernel.tokens = array<i64: 1, 8>}
// CHECK:       graph.func @forward({{.*}} attributes {kernel.tokens = array<i64: 1, 8>}
// CHECK:         graph.repeat {{.*}} [#graph.segment<@layer, 0, 2>]
// CHECK:       kernel.phase @layer.t9.quantize(
// CHECK:       graph.layer @layer.t9({{.*}} attributes {kernel.tokens = array<i64: 9, 512>}
// CHECK:       graph.func @forward.t9({{.*}} attributes {kernel.tokens = array<i64: 9, 512>}
// CHECK:         graph.repeat {{.*}} [#graph.segment<@layer.t9, 0, 2>]

// FEW-NOT:     kernel.tokens

// TILES-COUNT-1: tile.buffer @{{.*}}logits
// TILES-NOT:     tile.buffer @{{.*}}logits
// TILES-DAG:   tile.program @decode max_tokens 1
// TILES-DAG:   tile.program @prefill8 max_tokens 8
// TILES-DAG:   tile.program @prefill max_tokens 100
// TILES-DAG:   tile.program @batch max_tokens 100

// SIX-NOT:     tile.phase @{{.*}}.t9
// SIX:         tile.program @decode max_tokens 1
// SIX:         tile.program @prefill max_tokens 6
// SIX:         tile.program @batch max_tokens 6
// SIX-NOT:     tile.program
