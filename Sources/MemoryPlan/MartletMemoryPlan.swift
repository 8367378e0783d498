// MartletMemoryPlan: buffers with lifetimes to offsets in one arena.
