/** Peaks of this process's memory, in MB. */
export interface MemoryPeaks {
  rss: number;
  heap: number;
}

/** Looks at memory ten times a second and keeps the peaks of each stretch. */
export function watchMemory(): { next(): void; stop(): MemoryPeaks[] } {
  const peaks: MemoryPeaks[] = [{ rss: 0, heap: 0 }];
  const look = () => {
    const { rss, heapUsed } = process.memoryUsage();
    const current = peaks[peaks.length - 1] as MemoryPeaks;
    current.rss = Math.max(current.rss, Math.round(rss / 1e6));
    current.heap = Math.max(current.heap, Math.round(heapUsed / 1e6));
  };
  const timer = setInterval(look, 100);
  return {
    next: () => {
      look();
      peaks.push({ rss: 0, heap: 0 });
    },
    stop: () => {
      look();
      clearInterval(timer);
      return peaks;
    },
  };
}
