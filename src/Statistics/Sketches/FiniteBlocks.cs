using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Holdfast.Statistics.Sketches;

/// <summary>Sorts out missing values, so that what follows has loops without a test.</summary>
internal static class FiniteBlocks
{
    /// <summary>Values handled at a time: they stay in the first-level cache between the passes.</summary>
    public const int Size = 256;

    /// <summary>The finite values of a block: the block itself if all are, else a copy in <paramref name="room"/>.</summary>
    public static ReadOnlySpan<double> Of(ReadOnlySpan<double> block, Span<double> room, ref long missing, ref long infinite)
    {
        if (AllFinite(block)) return block;
        var kept = 0;
        foreach (var value in block)
        {
            if (double.IsFinite(value))
            {
                room[kept++] = value;
                continue;
            }
            missing++;
            if (double.IsInfinity(value)) infinite++;
        }
        return room[..kept];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool AllFinite(ReadOnlySpan<double> block)
    {
        ref var start = ref MemoryMarshal.GetReference(block);
        // x - x is 0 for a finite x and NaN else; NaN survives the sum.
        var sum = Vector256<double>.Zero;
        var i = 0;
        for (; i <= block.Length - 4; i += 4)
        {
            var values = Vector256.LoadUnsafe(ref start, (nuint)i);
            sum += values - values;
        }
        var rest = Vector256.Sum(sum);
        for (; i < block.Length; i++) rest += block[i] - block[i];
        return rest == 0;
    }
}
