//===- CompileCache.cpp - bundles of models that were compiled before -----===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/CompileCache.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace frit;
using namespace frit::driver;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

/// Bundles of one model that prune() leaves.
static constexpr size_t keptBundles = 8;

static std::string hexHash(llvm::ArrayRef<uint8_t> bytes) {
  llvm::XXH128_hash_t hash = llvm::xxh3_128bits(bytes);
  std::string text;
  for (uint64_t half : {hash.high64, hash.low64}) {
    std::string digits = llvm::utohexstr(half, /*LowerCase=*/true);
    text += std::string(16 - digits.size(), '0') + digits;
  }
  return text;
}

std::string frit::driver::hashText(llvm::StringRef text) {
  return hexHash(llvm::ArrayRef(text.bytes_begin(), text.bytes_end()));
}

static std::string joinPath(llvm::StringRef directory, llvm::StringRef name) {
  llvm::SmallString<256> joined(directory);
  path::append(joined, name);
  return std::string(joined);
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

Result<FileStamp> FileStamp::of(llvm::StringRef file) {
  llvm::SmallString<256> absolute(file);
  struct stat status;
  if (std::error_code error = fs::make_absolute(absolute))
    return Failure("cannot read '", std::string_view(file), "': ", error.message());
  if (stat(absolute.c_str(), &status) != 0)
    return Failure("cannot read '", std::string_view(file), "': ", std::strerror(errno));
  // A pipe would be waited for, a device be read without end.
  if (!S_ISREG(status.st_mode))
    return Failure("cannot read '", std::string_view(file), "': expected a regular file");
  FileStamp stamp;
  stamp.path = std::string(absolute);
  stamp.bytes = static_cast<uint64_t>(status.st_size);
  stamp.inode = status.st_ino;
  stamp.modifiedNs = int64_t{status.st_mtim.tv_sec} * 1000000000 + status.st_mtim.tv_nsec;
  return stamp;
}

Result<HashedFile> frit::driver::hashFile(llvm::StringRef file) {
  Result<FileStamp> before = FileStamp::of(file);
  if (!before)
    return before.takeFailure();
  auto buffer = llvm::MemoryBuffer::getFile(file, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return Failure("cannot read '", std::string_view(file), "': ", buffer.getError().message());
  llvm::StringRef bytes = (*buffer)->getBuffer();
  std::string hash = hashText(bytes);
  Result<FileStamp> after = FileStamp::of(file);
  if (!after || !(*after == *before))
    return Failure("'", std::string_view(file), "' changes while it is read");
  return HashedFile{*before, hash};
}

//===----------------------------------------------------------------------===//
// Directories
//===----------------------------------------------------------------------===//

Result<std::string> CompileCache::location() {
  // A relative XDG_CACHE_HOME is to be ignored, says the specification.
  if (const char *base = std::getenv("XDG_CACHE_HOME"); base && path::is_absolute(base))
    return joinPath(base, "frit");
  llvm::SmallString<256> home;
  if (!path::home_directory(home) || home.empty())
    return Failure("cannot find the cache directory: neither XDG_CACHE_HOME nor HOME is set");
  return joinPath(joinPath(home, ".cache"), "frit");
}

Result<CompileCache> CompileCache::open() {
  Result<std::string> root = location();
  if (!root)
    return root.takeFailure();
  for (const std::string &directory :
       {*root, joinPath(*root, "bundles"), joinPath(*root, "files")}) {
    std::error_code error =
        fs::create_directories(directory, /*IgnoreExisting=*/true, fs::perms::owner_all);
    if (error)
      return Failure("cannot create the cache directory '", directory, "': ", error.message());
    if (access(directory.c_str(), R_OK | W_OK | X_OK) != 0)
      return Failure("cannot write to the cache directory '", directory,
                     "': ", std::strerror(errno));
  }
  return CompileCache(*root);
}

std::string CompileCache::bundlePath(llvm::StringRef name, llvm::StringRef key) const {
  return joinPath(joinPath(root, "bundles"), (name + "-" + key + ".frit").str());
}

//===----------------------------------------------------------------------===//
// Hashes of files
//===----------------------------------------------------------------------===//

std::string CompileCache::memoryPath(llvm::StringRef subject) const {
  return joinPath(joinPath(root, "files"), hashText(subject) + ".json");
}

std::optional<std::vector<HashedFile>> CompileCache::recall(llvm::StringRef subject) const {
  auto buffer = llvm::MemoryBuffer::getFile(memoryPath(subject));
  if (!buffer)
    return std::nullopt;
  auto value = llvm::json::parse((*buffer)->getBuffer());
  if (!value) {
    llvm::consumeError(value.takeError());
    return std::nullopt;
  }
  const llvm::json::Array *list = value->getAsArray();
  if (!list || list->empty())
    return std::nullopt;
  std::vector<HashedFile> files;
  for (const llvm::json::Value &element : *list) {
    const llvm::json::Object *object = element.getAsObject();
    if (!object)
      return std::nullopt;
    auto file = object->getString("path"), hash = object->getString("hash");
    auto bytes = object->getInteger("bytes"), inode = object->getInteger("inode"),
         modified = object->getInteger("modified_ns");
    if (!file || !hash || !bytes || !inode || !modified)
      return std::nullopt;
    Result<FileStamp> now = FileStamp::of(*file);
    if (!now || now->bytes != static_cast<uint64_t>(*bytes) ||
        now->inode != static_cast<uint64_t>(*inode) || now->modifiedNs != *modified)
      return std::nullopt;
    files.push_back({*now, hash->str()});
  }
  return files;
}

void CompileCache::remember(llvm::StringRef subject, llvm::ArrayRef<HashedFile> files) const {
  llvm::json::Array list;
  for (const HashedFile &file : files)
    list.push_back(llvm::json::Object{{"path", llvm::json::fixUTF8(file.stamp.path)},
                                      {"bytes", static_cast<int64_t>(file.stamp.bytes)},
                                      {"inode", static_cast<int64_t>(file.stamp.inode)},
                                      {"modified_ns", file.stamp.modifiedNs},
                                      {"hash", file.hash}});
  std::string target = memoryPath(subject);
  llvm::SmallString<256> temporary;
  int descriptor = -1;
  if (fs::createUniqueFile(target + ".tmp-%%%%%%%%", descriptor, temporary))
    return;
  llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
  stream << llvm::json::Value(std::move(list));
  stream.close();
  bool written = !stream.has_error();
  stream.clear_error();
  if (!written || fs::rename(temporary, target))
    (void)fs::remove(temporary);
}

//===----------------------------------------------------------------------===//
// Bundles
//===----------------------------------------------------------------------===//

void CompileCache::touch(llvm::StringRef file) const {
  utimensat(AT_FDCWD, file.str().c_str(), nullptr, 0);
}

/// Calls `visit` with each regular file of a directory and its status.
template <typename Visit>
static void forEachFile(const std::string &directory, Visit visit) {
  std::error_code error;
  for (fs::directory_iterator entry(directory, error, /*follow_symlinks=*/false), end;
       !error && entry != end; entry.increment(error)) {
    struct stat status;
    if (lstat(entry->path().c_str(), &status) == 0 && S_ISREG(status.st_mode))
      visit(entry->path(), status);
  }
}

std::vector<CompileCache::Entry> CompileCache::list() const {
  std::vector<Entry> entries;
  forEachFile(joinPath(root, "bundles"), [&](const std::string &file, const struct stat &status) {
    if (path::filename(file).contains(".frit"))
      entries.push_back({file, static_cast<uint64_t>(status.st_size), status.st_mtim.tv_sec});
  });
  llvm::sort(entries, [](const Entry &a, const Entry &b) {
    return std::tie(b.usedSeconds, a.path) < std::tie(a.usedSeconds, b.path);
  });
  return entries;
}

void CompileCache::prune(llvm::StringRef name) const {
  size_t kept = 0;
  for (const Entry &entry : list()) {
    auto [entryName, key] = path::filename(entry.path).rsplit('-');
    // What is being written right now ends in .tmp-...
    if (entryName == name && key.ends_with(".frit") && ++kept > keptBundles)
      (void)fs::remove(entry.path);
  }
}

Result<uint64_t> CompileCache::clear() const {
  uint64_t bytes = 0;
  std::string failed, reason;
  for (llvm::StringRef part : {"bundles", "files"})
    forEachFile(joinPath(root, part), [&](const std::string &file, const struct stat &status) {
      llvm::StringRef name = path::filename(file);
      if (!name.contains(part == "bundles" ? ".frit" : ".json"))
        return;
      if (std::error_code error = fs::remove(file))
        failed = file, reason = error.message();
      else
        bytes += static_cast<uint64_t>(status.st_size);
    });
  if (!failed.empty())
    return Failure("cannot remove '", failed, "': ", reason);
  return bytes;
}
