//===- CompileCache.h - bundles of models that were compiled before -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Models given to `frit run` and others as a checkpoint are compiled once and kept in the user's
// cache directory, `$XDG_CACHE_HOME/frit` or `~/.cache/frit` (mode 0700: bundles contain code):
//
//   bundles/<model>-<key>.frit  the key is a hash of all that a bundle depends on
//   files/<key>.json            hashes of files, valid while path, size, time and inode are the
//   same
//
// Nothing in there is needed: whatever is missing, stale or damaged is made again.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_COMPILECACHE_H
#define FRIT_LIB_DRIVER_COMPILECACHE_H

#include "frit/Support/Result.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace frit::driver {

/// 32 hex digits of XXH3-128.
std::string hashText(llvm::StringRef text);

/// A file as it was when it was looked at.
struct FileStamp {
  std::string path; ///< absolute
  uint64_t bytes = 0, inode = 0;
  int64_t modifiedNs = 0;

  static Result<FileStamp> of(llvm::StringRef path);
  bool operator==(const FileStamp &other) const {
    return path == other.path && bytes == other.bytes && inode == other.inode &&
           modifiedNs == other.modifiedNs;
  }
};

struct HashedFile {
  FileStamp stamp;
  std::string hash;
};

class CompileCache {
public:
  struct Entry {
    std::string path;
    uint64_t bytes = 0;
    int64_t usedSeconds = 0; ///< Unix time of the last use
  };

  /// Creates the directories if need be. Fails if that is impossible or nothing can be written
  /// there; the message names the directory.
  static Result<CompileCache> open();
  /// Where it is, whether it exists or not. Fails without a home directory.
  static Result<std::string> location();

  const std::string &directory() const { return root; }
  /// The place of the bundle of a model called `name` with that key.
  std::string bundlePath(llvm::StringRef name, llvm::StringRef key) const;

  /// The files that were remembered for `subject` (a model's path and what else decides which files
  /// it consists of), if none has changed since.
  std::optional<std::vector<HashedFile>> recall(llvm::StringRef subject) const;
  /// Failure to remember is no error: the files are read again next time.
  void remember(llvm::StringRef subject, llvm::ArrayRef<HashedFile> files) const;

  /// Notes that a bundle was used; `prune` goes by it.
  void touch(llvm::StringRef path) const;
  /// Keeps the most recently used bundles of a model, enough for some builds and options of frit.
  void prune(llvm::StringRef name) const;

  /// All bundles, also abandoned temporary ones, the most recently used first.
  std::vector<Entry> list() const;
  /// Removes all files the cache consists of; returns how many bytes.
  Result<uint64_t> clear() const;

private:
  explicit CompileCache(std::string root) : root(std::move(root)) {}
  std::string memoryPath(llvm::StringRef subject) const;

  std::string root;
};

/// Reads the file and hashes it; fails if it changes meanwhile.
Result<HashedFile> hashFile(llvm::StringRef path);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_COMPILECACHE_H
