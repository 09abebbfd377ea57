// RUN: %frit-opt --split-input-file --verify-diagnostics %s

kernel.reference @r() {
  kernel.yield
}
// expected-error @+1 {{expected an op with the role of an anchor, but found none}}
kernel.phase @without_anchor() attributes {reference = @r} {
  kernel.yield
}

// -----

kernel.reference @r(%x: tensor<?x8xf32>) {
  kernel.yield
}
// expected-error @+1 {{expected an op with the role of an anchor, but found none}}
kernel.phase @without_anchor(%x: tensor<?x8xf32>) attributes {reference = @r} {
  %y = graph.residual %x, %x {kernel.role = #kernel.role<epilogue>} : tensor<?x8xf32>
  kernel.yield
}

// -----

// expected-error @+1 {{expected a kernel.reference, but found none called @r}}
kernel.phase @reference_to_nothing(%x: tensor<?x8xf32>) attributes {reference = @r} {
  %y = graph.residual %x, %x {kernel.role = #kernel.role<anchor>} : tensor<?x8xf32>
  kernel.yield
}

// -----

graph.func @f() {
  graph.return
}
// expected-error @+1 {{expected a kernel.reference, but found none called @f}}
kernel.phase @reference_to_function(%x: tensor<?x8xf32>) attributes {reference = @f} {
  %y = graph.residual %x, %x {kernel.role = #kernel.role<anchor>} : tensor<?x8xf32>
  kernel.yield
}

// -----

kernel.reference @r() {
  kernel.yield
}
// expected-error @+1 {{expected the type '(tensor<?x8xf32>) -> ()' of the phase for its reference, but got '() -> ()'}}
kernel.phase @reference_type(%x: tensor<?x8xf32>) attributes {reference = @r} {
  %y = graph.residual %x, %x {kernel.role = #kernel.role<anchor>} : tensor<?x8xf32>
  kernel.yield
}

// -----

// expected-error @+1 {{region #0 ('body') failed to verify constraint: region with 1 blocks}}
kernel.phase @without_body() attributes {reference = @r}

// -----

// expected-error @+1 {{region #0 ('body') failed to verify constraint: region with 1 blocks}}
kernel.reference @without_body()

// -----

// expected-error @+2 {{expects regions to end with 'kernel.yield', found 'ub.unreachable'}}
// expected-note @+1 {{the absence of terminator implies 'kernel.yield'}}
kernel.reference @other_terminator() {
  ub.unreachable
}

// -----

kernel.reference @yield_nothing(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{expected values of types ('tensor<?x8xf32>') to match the reference, but got ()}}
  kernel.yield
}

// -----

kernel.reference @yield_other_type(%x: tensor<?x8xf32>) -> tensor<?x9xf32> {
  // expected-error @+1 {{expected values of types ('tensor<?x9xf32>') to match the reference, but got ('tensor<?x8xf32>')}}
  kernel.yield %x : tensor<?x8xf32>
}

// -----

graph.func @yield_in_function() {
  // expected-error @+1 {{expects parent op to be one of 'kernel.phase, kernel.reference'}}
  kernel.yield
}

// -----

graph.func @call_of_nothing() {
  // expected-error @+1 {{expected a kernel.phase, but found none called @p}}
  kernel.call @p() : () -> ()
  graph.return
}

// -----

kernel.reference @r() {
  kernel.yield
}
graph.func @call_of_reference() {
  // expected-error @+1 {{expected a kernel.phase, but found none called @r}}
  kernel.call @r() : () -> ()
  graph.return
}

// -----

kernel.reference @r(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  kernel.yield %x : tensor<?x8xf32>
}
kernel.phase @p(%x: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {reference = @r} {
  %y = graph.residual %x, %x {kernel.role = #kernel.role<anchor>} : tensor<?x8xf32>
  kernel.yield %y : tensor<?x8xf32>
}
graph.func @call_types(%x: tensor<?x8xf32>, %z: tensor<?x9xf32>) {
  // expected-error @+1 {{expected operands and results of type '(tensor<?x8xf32>) -> tensor<?x8xf32>', but got '(tensor<?x9xf32>) -> tensor<?x8xf32>'}}
  %0 = kernel.call @p(%z) : (tensor<?x9xf32>) -> tensor<?x8xf32>
  graph.return
}

// -----

kernel.reference @r(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  kernel.yield %x : tensor<?x8xf32>
}
kernel.phase @p(%x: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {reference = @r} {
  %y = graph.residual %x, %x {kernel.role = #kernel.role<anchor>} : tensor<?x8xf32>
  kernel.yield %y : tensor<?x8xf32>
}
graph.func @call_results(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected operands and results of type '(tensor<?x8xf32>) -> tensor<?x8xf32>', but got '(tensor<?x8xf32>) -> ()'}}
  kernel.call @p(%x) : (tensor<?x8xf32>) -> ()
  graph.return
}

// -----

kernel.reference @r(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  kernel.yield %x : tensor<?x8xf32>
}
kernel.phase @yield_nothing(%x: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {reference = @r} {
  %y = graph.residual %x, %x {kernel.role = #kernel.role<anchor>} : tensor<?x8xf32>
  // expected-error @+1 {{expected values of types ('tensor<?x8xf32>') to match the phase, but got ()}}
  kernel.yield
}

// -----

kernel.reference @r(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  kernel.yield %x, %x : tensor<?x8xf32>, tensor<?x8xf32>
}
kernel.phase @yield_argument(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) attributes {reference = @r} {
  %y = graph.residual %x, %x {kernel.role = #kernel.role<anchor>} : tensor<?x8xf32>
  // expected-error @+1 {{expected each value to be computed by the phase and yielded once, but value 1 is an argument}}
  kernel.yield %y, %x : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

kernel.reference @r(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  kernel.yield %x, %x : tensor<?x8xf32>, tensor<?x8xf32>
}
kernel.phase @yield_twice(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) attributes {reference = @r} {
  %y = graph.residual %x, %x {kernel.role = #kernel.role<anchor>} : tensor<?x8xf32>
  // expected-error @+1 {{expected each value to be computed by the phase and yielded once, but value 1 is repeated}}
  kernel.yield %y, %y : tensor<?x8xf32>, tensor<?x8xf32>
}
