using Holdfast.Bench.Statistics;

// One topic a file; each prints ns a value and the ratio to its limit.
switch (args.FirstOrDefault())
{
    case "two-sample":
        TwoSampleBench.Run(args[1..]);
        return 0;
    case "comparison":
        ComparisonBench.Run(args[1..]);
        return 0;
    case "multivariate":
        MultivariateBench.Run();
        return 0;
    case "streams":
        StreamsBench.Run();
        return 0;
    case "sketches":
        SketchesBench.Run();
        return 0;
    default:
        Console.Error.WriteLine("Name the topic: two-sample [values], comparison [rows], multivariate, streams or sketches.");
        return 64;
}
