// MartletText: tokenisation of text and readers of text files.
