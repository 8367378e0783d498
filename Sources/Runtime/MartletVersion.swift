/// This version of Martlet; files that hold measurements of it are not read by another.
public enum MartletVersion {
    public static let current = "0.1"
}
