// MartletTraining: compile, fit, evaluate, predict.
