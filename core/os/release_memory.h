// Gives memory back that the process can do without.
#pragma once

namespace drover {

// Freed heap pages go back to the kernel (malloc_trim).
void TrimHeap();

// Unmaps the pages of code and constants that were read so far: what only the start needed (command
// line, dynamic linking, library set-up) stays out, the rest comes back from the page cache when it
// is touched, for a few microseconds per 64 KB. Nothing is lost: only read-only segments of the
// program and its libraries are meant. Thread-safe.
void ForgetStartupPages();

}  // namespace drover
