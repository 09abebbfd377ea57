//===- KernelOps.td - phases: what all cores do between two barriers -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_DIALECTS_KERNEL_KERNELOPS
#define FRIT_DIALECTS_KERNEL_KERNELOPS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::frit::kernel";
  let summary = "Phases: what all cores do between two barriers";
  let description = [{
    `fuse` cuts the body of each layer and function into phases. A phase has one anchor, whose loops
    all cores share, a prologue computed on the way in and an epilogue applied before the anchor's
    tile leaves the core. The body is the graph, unchanged; a copy of it, the `kernel.reference`, stays
    beside the phase at every later level, so that generated code can be replayed against it.

    Functions cut for calls of some numbers of tokens alone have the discardable attribute
    `kernel.tokens = array<i64: first, last>`; `fuse` makes them, `schedule` makes programs of them.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
}

def Kernel_Role : I32EnumAttr<"Role", "part of an op in its phase", [
  I32EnumAttrCase<"Prologue", 0, "prologue">, I32EnumAttrCase<"Anchor", 1, "anchor">,
  I32EnumAttrCase<"Epilogue", 2, "epilogue">]> {
  let cppNamespace = "::frit::kernel";
  let genSpecializedAttr = 0;
}
/// Discardable attribute `kernel.role` of the ops in a phase.
def Kernel_RoleAttr : EnumAttr<Kernel_Dialect, Kernel_Role, "role"> {
  let assemblyFormat = "`<` $value `>`";
}

class Kernel_Op<string mnemonic, list<Trait> traits = []> : Op<Kernel_Dialect, mnemonic, traits>;

class Kernel_FuncBase<string mnemonic, list<Trait> traits = []> : Kernel_Op<mnemonic, !listconcat([
    FunctionOpInterface, IsolatedFromAbove, SingleBlockImplicitTerminator<"::frit::kernel::YieldOp">,
    HasParent<"::mlir::ModuleOp">], traits)> {
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  code functionMethods = [{
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
  }];
  let extraClassDeclaration = functionMethods;
}

def Kernel_PhaseOp : Kernel_FuncBase<"phase", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A single-program-multiple-core region between two barriers";
  let description = [{
    The body holds the graph ops of the phase, each with its `kernel.role`. Tensors come in and go out
    through memory all cores see. `fuse` creates it, `schedule` replaces it by one `tile.phase` a token
    bucket.

    Example:
    ```mlir
    kernel.phase @decoder.output(%x: tensor<?x576xf32>, %a: tensor<?x576xf32>, %i: index) -> tensor<?x576xf32>
        attributes {reference = @decoder.output.reference} {
      %w = graph.param @block::@attn_output[%i] : !graph.weight<576x576, q4_1>
      %o = graph.linear %a, %w {kernel.role = #kernel.role<anchor>} : tensor<?x576xf32>, !graph.weight<576x576, q4_1>
      %h = graph.residual %x, %o {kernel.role = #kernel.role<epilogue>} : tensor<?x576xf32>
      kernel.yield %h : tensor<?x576xf32>
    }
    ```
    **Constraints:** at least one anchor; `reference` names a `kernel.reference` of the same type; yields
    no argument, and no value twice: each has a buffer of its own.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
                       FlatSymbolRefAttr:$reference,
                       OptionalAttr<DictArrayAttr>:$arg_attrs, OptionalAttr<DictArrayAttr>:$res_attrs);
  let hasVerifier = 1;
}

def Kernel_ReferenceOp : Kernel_FuncBase<"reference"> {
  let summary = "What a phase computes, kept for replay";
  let description = [{
    A copy of the phase's body as graph ops. Never lowered: the interpreter runs it against generated
    code (`frit verify`). `fuse` creates it; it stays to the end.

    Example:
    ```mlir
    kernel.reference @decoder.norm.reference(%x: tensor<?x576xf32>) -> tensor<?x576xf32> {
      kernel.yield %x : tensor<?x576xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
                       OptionalAttr<DictArrayAttr>:$arg_attrs, OptionalAttr<DictArrayAttr>:$res_attrs);
}

def Kernel_CallOp : Kernel_Op<"call", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Run a phase on all cores";
  let description = [{
    All cores run the phase; those that finish wait for the others. Stands in the body of
    `graph.layer` and `graph.func` after `fuse`.

    Example:
    ```mlir
    %h = kernel.call @decoder.output(%x, %a, %i) : (tensor<?x576xf32>, tensor<?x576xf32>, index) -> tensor<?x576xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$phase, Variadic<AnyType>:$operands);
  let results = (outs Variadic<AnyType>:$results);
  let assemblyFormat = "$phase `(` $operands `)` attr-dict `:` functional-type($operands, $results)";
}

def Kernel_YieldOp : Kernel_Op<"yield", [Pure, Terminator,
    ParentOneOf<["::frit::kernel::PhaseOp", "::frit::kernel::ReferenceOp"]>]> {
  let summary = "What leaves a phase";
  let description = [{
    Example:
    ```mlir
    kernel.yield %h : tensor<?x576xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let hasVerifier = 1;
}

#endif // FRIT_DIALECTS_KERNEL_KERNELOPS
