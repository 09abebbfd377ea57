// RUN: %frit-opt %s | FileCheck %s
// RUN: %frit-opt --mlir-print-op-generic %s | %frit-opt | FileCheck %s

// CHECK:      kernel.reference @branch.reference(%[[X:.*]]: tensor<?x8xf32>, %[[Y:.*]]: tensor<?x8xf32>) -> tensor<?x8xf32> {
// CHECK-NEXT:   %[[H:.*]] = graph.residual %[[X]], %[[Y]] : tensor<?x8xf32>
// CHECK-NEXT:   kernel.yield %[[H]] : tensor<?x8xf32>
// CHECK-NEXT: }
kernel.reference @branch.reference(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %h = graph.residual %x, %y : tensor<?x8xf32>
  kernel.yield %h : tensor<?x8xf32>
}

// CHECK:      kernel.phase @branch(%[[X:.*]]: tensor<?x8xf32>, %[[Y:.*]]: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {reference = @branch.reference} {
// CHECK-NEXT:   %[[H:.*]] = graph.residual %[[X]], %[[Y]] {kernel.role = #kernel.role<anchor>} : tensor<?x8xf32>
// CHECK-NEXT:   kernel.yield %[[H]] : tensor<?x8xf32>
// CHECK-NEXT: }
kernel.phase @branch(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {reference = @branch.reference} {
  %h = graph.residual %x, %y {kernel.role = #kernel.role<anchor>} : tensor<?x8xf32>
  kernel.yield %h : tensor<?x8xf32>
}

// Attributes of arguments and results, every role, and nothing to yield.
// CHECK:      kernel.reference @roles.reference(%{{.*}}: tensor<?x8xf32> {frit.note}, %{{.*}}: !kv.cache<1x8>, %{{.*}}: !graph.tokens) {
// CHECK-NEXT:   kernel.yield
// CHECK-NEXT: }
kernel.reference @roles.reference(%x: tensor<?x8xf32> {frit.note}, %kv: !kv.cache<1x8>, %tok: !graph.tokens) {
  kernel.yield
}

// CHECK:      kernel.phase @roles(%[[X:.*]]: tensor<?x8xf32> {frit.note}, %[[KV:.*]]: !kv.cache<1x8>, %[[TOK:.*]]: !graph.tokens) attributes {reference = @roles.reference} {
// CHECK-NEXT:   %[[S:.*]] = graph.select %[[X]], %[[TOK]] {kernel.role = #kernel.role<prologue>} : tensor<?x8xf32>
// CHECK-NEXT:   %[[R:.*]] = graph.residual %[[S]], %[[S]] {kernel.role = #kernel.role<anchor>} : tensor<?x8xf32>
// CHECK-NEXT:   kv.append %[[KV]], %[[R]], %[[R]], %[[TOK]] {kernel.role = #kernel.role<epilogue>}
// CHECK-NEXT:   kernel.yield
// CHECK-NEXT: }
kernel.phase @roles(%x: tensor<?x8xf32> {frit.note}, %kv: !kv.cache<1x8>, %tok: !graph.tokens) attributes {reference = @roles.reference} {
  %s = graph.select %x, %tok {kernel.role = #kernel.role<prologue>} : tensor<?x8xf32>
  %r = graph.residual %s, %s {kernel.role = #kernel.role<anchor>} : tensor<?x8xf32>
  kv.append %kv, %r, %r, %tok {kernel.role = #kernel.role<epilogue>} : !kv.cache<1x8>, tensor<?x8xf32>, tensor<?x8xf32>, !graph.tokens
  kernel.yield
}

// CHECK-LABEL: graph.func @calls
// CHECK-SAME:    (%[[X:.*]]: tensor<?x8xf32>, %[[KV:.*]]: !kv.cache<1x8>, %[[TOK:.*]]: !graph.tokens)
graph.func @calls(%x: tensor<?x8xf32>, %kv: !kv.cache<1x8>, %tok: !graph.tokens) {
  // CHECK-NEXT: %[[H:.*]] = kernel.call @branch(%[[X]], %[[X]]) : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %h = kernel.call @branch(%x, %x) : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK-NEXT: kernel.call @roles(%[[H]], %[[KV]], %[[TOK]]) : (tensor<?x8xf32>, !kv.cache<1x8>, !graph.tokens) -> ()
  kernel.call @roles(%h, %kv, %tok) : (tensor<?x8xf32>, !kv.cache<1x8>, !graph.tokens) -> ()
  graph.return
}
