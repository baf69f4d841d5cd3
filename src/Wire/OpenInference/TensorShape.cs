using Holdfast.Contracts;
using Holdfast.Serving;

namespace Holdfast.Wire.OpenInference;

/// <summary>
/// The shape of an input: [n] or [n, 1] is a feature as a column; [n, f] is a matrix whose columns are the endpoint's inputs in the
/// order of its signature. A scalar (no dimension) is one row.
/// </summary>
/// <param name="Rows">Rows.</param>
/// <param name="Width">Values a row.</param>
/// <param name="Rank">Number of dimensions, as sent.</param>
internal readonly record struct TensorShape(int Rows, int Width, int Rank)
{
    public const int MaxElements = 10_000_000;
    private const int MaxRows = 1_000_000;

    public static long[] One { get; } = [1];

    public int Count => Rows * Width;

    public static TensorShape Of(string name, IReadOnlyList<long> sizes)
    {
        long width = 1;
        for (var i = 0; i < sizes.Count; i++)
        {
            var size = sizes[i];
            var second = i > 0 && size != 1 && width != 1;
            width = i == 0 ? 1 : width * size;
            if (size < 0 || (i > 0 && size == 0) || second || (i == 0 && size > MaxRows) || width > MaxRows || (sizes.Count > 0 && sizes[0] * width > MaxElements))
                throw Refused($"The input '{name}' has a shape that is not supported: [{string.Join(", ", sizes)}].", $"A feature is a column: shape [n] or [n, 1]; a matrix of all features is [n, features]; n up to {MaxRows:N0}.");
        }

        return new TensorShape(sizes.Count == 0 ? 1 : (int)sizes[0], (int)width, Math.Max(sizes.Count, 1));
    }

    /// <summary>Puts values in row-major order into the request.</summary>
    public void Put(InferRequest request, string name, double[] values)
    {
        if (Width == 1)
            request.Add(name, values);
        else
            request.AddInOrder(Columns(values));
    }

    /// <summary>Puts values in row-major order into the request.</summary>
    public void Put(InferRequest request, string name, string?[] values)
    {
        if (Width == 1)
            request.Add(name, values);
        else
            request.AddInOrder(Columns(values));
    }

    public HoldfastException Wrong(string name, string why) => Refused(
        $"The data of '{name}' does not have its shape [{Rows}{(Width > 1 ? $", {Width}" : string.Concat(Enumerable.Repeat(", 1", Rank - 1)))}]: {why}.", "Send as many elements as the product of the shape, flat or nested in it.");

    public static HoldfastException Refused(string message, string hint) => new(ErrorCode.InvalidArgument, message, hint);

    private T[][] Columns<T>(T[] values)
    {
        var columns = new T[Width][];
        for (var c = 0; c < Width; c++)
        {
            columns[c] = new T[Rows];
            for (var r = 0; r < Rows; r++)
                columns[c][r] = values[(r * Width) + c];
        }

        return columns;
    }
}
