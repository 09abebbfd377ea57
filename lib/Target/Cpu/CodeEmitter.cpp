//===- CodeEmitter.cpp - from the LLVM dialect to machine code -------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/Cpu/CodeEmitter.h"

#include "lld/Common/Driver.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

LLD_HAS_DRIVER(elf)

using namespace mlir;
using namespace frit;

static std::string featureString(machine::TargetAttr target) {
  std::string result;
  for (StringAttr feature : target.getFeatures())
    result += (result.empty() ? "+" : ",+") + feature.getValue().str();
  return result;
}

/// LLVM prints warnings about names it does not know, or aborts.
static Status checkNames(const llvm::Target &found, const llvm::Triple &triple,
                         machine::TargetAttr target) {
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget(found.createMCSubtargetInfo(triple, "", ""));
  std::string_view name(target.getName()), cpu(target.getCpu());
  bool valid = subtarget->isCPUStringValid(target.getCpu());
  if (valid && triple.isX86_64()) {
    // A CPU of 32 bits.
    subtarget.reset(found.createMCSubtargetInfo(triple, target.getCpu(), ""));
    valid = subtarget->checkFeatures("+64bit");
  }
  if (!valid)
    return Failure("target ", name, ": expected a CPU that LLVM knows for ", triple.str(),
                   ", but got ", cpu);
  for (StringAttr feature : target.getFeatures())
    if (llvm::none_of(
            subtarget->getAllProcessorFeatures(),
            [&](const llvm::SubtargetFeatureKV &known) { return feature.getValue() == known.Key; }))
      return Failure("target ", name, ": expected features that LLVM knows for ", triple.str(),
                     ", but got ", std::string_view(feature.getValue()));
  return {};
}

static Result<std::unique_ptr<llvm::TargetMachine>> createMachine(machine::TargetAttr target) {
  llvm::InitializeAllTargetInfos();
  llvm::InitializeAllTargets();
  llvm::InitializeAllTargetMCs();
  llvm::InitializeAllAsmPrinters();
  std::string error;
  llvm::Triple triple(target.getTriple());
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!found)
    return Failure("cannot emit code for target ", std::string_view(target.getName()), ": ", error);
  if (Status status = checkNames(*found, triple, target); !status)
    return status.takeFailure();
  llvm::TargetOptions options;
  // A product and a sum stay two roundings unless the IR says fma: results are the same everywhere.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(
      found->createTargetMachine(triple, target.getCpu(), featureString(target), options,
                                 llvm::Reloc::PIC_, std::nullopt, llvm::CodeGenOptLevel::Default));
}

Result<std::unique_ptr<llvm::Module>> target::cpu::emitLLVM(ModuleOp module,
                                                            llvm::LLVMContext &context) {
  machine::TargetAttr target = machine::getTarget(module);
  if (!target)
    return Failure("expected a machine.target on the module");
  // Only the functions: what the manifest needs has no translation.
  OwningOpRef<ModuleOp> functions = ModuleOp::create(module.getLoc());
  OpBuilder builder = OpBuilder::atBlockEnd(functions->getBody());
  for (Operation &op : *module.getBody()) {
    if (!isa<LLVM::LLVMFuncOp, LLVM::GlobalOp>(op))
      continue;
    Operation *copy = builder.clone(op);
    SmallVector<StringAttr> names;
    for (NamedAttribute attribute : copy->getDiscardableAttrs())
      names.push_back(attribute.getName());
    for (StringAttr name : names)
      if (name.getValue().starts_with("frit."))
        copy->removeDiscardableAttr(name);
  }
  DialectRegistry registry;
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  module.getContext()->appendDialectRegistry(registry);
  std::unique_ptr<llvm::Module> result = translateModuleToLLVMIR(*functions, context, "frit");
  if (!result)
    return Failure("cannot translate the module to LLVM IR");

  auto machine = createMachine(target);
  if (!machine)
    return machine.takeFailure();
  result->setDataLayout((*machine)->createDataLayout());
  result->setTargetTriple((*machine)->getTargetTriple());
  for (llvm::Function &function : *result) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.getCpu());
    function.addFnAttr("target-features", featureString(target));
    function.addFnAttr(llvm::Attribute::NoUnwind);
    // No calls of memset and memcpy: the code depends on nothing.
    function.addFnAttr("no-builtins");
  }
  // Micro-kernels are vectorized and unrolled already; what is left is cleaning up addresses.
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  tuning.LoopInterleaving = false;
  llvm::PassBuilder passes(machine->get(), tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functionAnalyses;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(callGraph);
  passes.registerFunctionAnalyses(functionAnalyses);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functionAnalyses, callGraph, modules);
  passes.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(*result, modules);
  return result;
}

Result<std::string> target::cpu::emitCode(llvm::Module &module, machine::TargetAttr target,
                                          bool assembly) {
  auto machine = createMachine(target);
  if (!machine)
    return machine.takeFailure();
  llvm::SmallVector<char> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  auto kind = assembly ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile;
  if ((*machine)->addPassesToEmitFile(passes, stream, nullptr, kind))
    return Failure("target ", std::string_view(target.getName()), " cannot emit ",
                   assembly ? "assembly" : "an object");
  passes.run(module);
  return std::string(bytes.data(), bytes.size());
}

namespace {
/// A temporary file that is gone with its scope.
struct TemporaryFile {
  llvm::SmallString<128> path;
  ~TemporaryFile() {
    if (!path.empty())
      (void)llvm::sys::fs::remove(path);
  }
};
} // namespace

Result<std::string> target::cpu::linkShared(const std::string &object) {
  TemporaryFile input, output;
  int descriptor;
  if (std::error_code error =
          llvm::sys::fs::createTemporaryFile("frit", "o", descriptor, input.path))
    return Failure("cannot create a temporary object file: ", error.message());
  {
    llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
    stream << object;
    stream.flush();
    if (std::error_code error = stream.error()) {
      stream.clear_error();
      return Failure("cannot write ", std::string_view(input.path.str()), ": ", error.message());
    }
  }
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("frit", "so", output.path))
    return Failure("cannot create a temporary shared object: ", error.message());
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  std::vector<const char *> arguments = {
      "ld.lld", "-shared", "--no-undefined",    "-z",
      "now",    "-o",      output.path.c_str(), input.path.c_str()};
  lld::Result result = lld::lldMain(arguments, stream, stream, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode)
    return Failure("cannot link the generated code: ", messages);
  auto buffer = llvm::MemoryBuffer::getFile(output.path);
  if (!buffer)
    return Failure("cannot read ", std::string_view(output.path.str()), ": ",
                   buffer.getError().message());
  return (*buffer)->getBuffer().str();
}
