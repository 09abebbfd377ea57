//===- CommandLine.h - commands and the options they share ----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each command is an LLVM sub-command whose options are members of a structure: nothing is
// registered until the command is chosen, and LLVM's own options are not there.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TOOLS_FRIT_COMMANDLINE_H
#define FRIT_TOOLS_FRIT_COMMANDLINE_H

#include "lib/Driver/ModelFile.h"
#include "llvm/Support/CommandLine.h"

#include <optional>
#include <string>

namespace frit::driver {

/// A command as LLVM sees it, and the one category of its options.
class CommandLine {
public:
  /// Both texts must live on.
  CommandLine(llvm::StringRef name, llvm::StringRef summary)
      : category("Options"), command(name, summary) {}

  /// Parses argv, which begins with the program and the command. On failure one error was printed
  /// and the process is to end with what is returned.
  std::optional<int> parse(int argc, char **argv);

  /// Takes over options of LLVM and MLIR whose names begin so; --help-hidden lists them.
  void adopt(llvm::StringRef prefix);

  llvm::cl::OptionCategory category;
  llvm::cl::SubCommand command;

private:
  std::vector<llvm::cl::Option *> adopted;
};

/// An option of a command: its name (none: positional) and further modifiers.
template <typename T>
struct Option : llvm::cl::opt<T> {
  template <typename... Modifiers>
  Option(CommandLine &line, const Modifiers &...modifiers)
      : llvm::cl::opt<T>(modifiers..., llvm::cl::sub(line.command), llvm::cl::cat(line.category)) {}
  bool given() const { return this->getNumOccurrences() > 0; }
};

/// MODEL, and how it is compiled if it is no bundle.
struct ModelArguments {
  explicit ModelArguments(CommandLine &line);
  /// Fails without MODEL, or on a value that no option has.
  Result<CompileRequest> request() const;

  Option<std::string> model, target, activations, kvCacheType, fusion, weights, archSpec, like;
  Option<int64_t> maxTokens;
};

/// --huge-pages, of commands that run a model.
struct HugePagesArgument : Option<std::string> {
  explicit HugePagesArgument(CommandLine &line);
  Result<HugePages> value() const;
};

/// Prints the error and a pointer to --help; returns what the process ends with.
int usageError(llvm::StringRef command, llvm::StringRef message);

// The commands; each returns what the process ends with.
int archsCommand(int argc, char **argv);
int benchCommand(int argc, char **argv);
int cacheCommand(int argc, char **argv);
int calibrateCommand(int argc, char **argv);
int compileCommand(int argc, char **argv);
int convertCommand(int argc, char **argv);
int characterizeCommand(int argc, char **argv);
int rooflineCommand(int argc, char **argv);
int selectCommand(int argc, char **argv);
int explainCommand(int argc, char **argv);
int inspectCommand(int argc, char **argv);
int runCommand(int argc, char **argv);
int targetsCommand(int argc, char **argv);
int verifyCommand(int argc, char **argv);

} // namespace frit::driver

#endif // FRIT_TOOLS_FRIT_COMMANDLINE_H
