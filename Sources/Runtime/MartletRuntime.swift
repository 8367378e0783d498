// MartletRuntime: plans, the interpreted backend, arena and threads.
