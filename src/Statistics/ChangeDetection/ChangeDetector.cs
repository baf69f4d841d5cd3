namespace Holdfast.Statistics.ChangeDetection;

/// <summary>Saved detectors.</summary>
public static class ChangeDetector
{
    /// <summary>The detector that <see cref="IChangeDetector.Save"/> wrote, with its options and state. A <see cref="FormatException"/> if the bytes are not of this format.</summary>
    public static IChangeDetector Restore(ReadOnlySpan<byte> saved)
    {
        var reader = new StateReader(saved);
        try
        {
            IChangeDetector detector = reader.Kind switch
            {
                DetectorKind.Adwin => new Adwin(ref reader),
                DetectorKind.PageHinkley => new PageHinkley(ref reader),
                DetectorKind.Ddm => new Ddm(ref reader),
                DetectorKind.Eddm => new Eddm(ref reader),
                DetectorKind.HddmA => new HddmA(ref reader),
                DetectorKind.HddmW => new HddmW(ref reader),
                DetectorKind.Kswin => new Kswin(ref reader),
                DetectorKind.MeanEDetector => new MeanEDetector(ref reader),
                _ => throw new FormatException($"Unknown kind of detector {(byte)reader.Kind}."),
            };
            reader.End();
            return detector;
        }
        catch (ArgumentException fault)
        {
            throw new FormatException("The saved detector has impossible options: " + fault.Message, fault);
        }
    }
}
