/** Just below the most that glibc takes a lesson from: 32 MiB. */
const BLOCK_BYTES = 31 * 1024 ** 2;

/**
 * Has the allocator of glibc keep up to twice this much of what is freed. It begins with giving back all above 128 KiB,
 * and every frame of some size would be made of pages that the kernel clears first; the first freed block of this size
 * teaches it. The block is never touched, so it takes no memory itself. Other allocators do not care.
 */
export function keepFreedMemory(): void {
  Buffer.allocUnsafeSlow(BLOCK_BYTES);
}
