// MartletInterchange: file formats.
