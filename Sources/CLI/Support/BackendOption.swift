import ArgumentParser
import Martlet

extension Backend: ExpressibleByArgument {}
