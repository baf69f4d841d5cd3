using System.Globalization;

namespace Holdfast.Commands.Capture;

/// <summary>Reads from the variables of launchers which process of a distributed run this is.</summary>
internal static class DistributedRank
{
    // Each launcher's rank, size, local rank, and what its processes have in common.
    private static readonly (string Rank, string Size, string Local, string[] Group)[] _launchers =
    [
        ("RANK", "WORLD_SIZE", "LOCAL_RANK", ["HOLDFAST_GROUP", "TORCHELASTIC_RUN_ID", "SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "MASTER_ADDR"]),
        ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", ["HOLDFAST_GROUP", "SLURM_JOB_ID"]),
        ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK", ["HOLDFAST_GROUP", "PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid"]),
        ("PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", ["HOLDFAST_GROUP", "PMI_ID"]),
    ];

    /// <summary>The place of this process; null when it is alone or nothing says what it belongs to.</summary>
    public static Rank? Read(Func<string, string?> variable)
    {
        foreach (var (rank, size, local, groups) in _launchers)
        {
            if (Number(variable(rank)) is not { } index || Number(variable(size)) is not (> 1 and var count))
                continue;
            var named = groups.FirstOrDefault(g => !string.IsNullOrEmpty(variable(g)));
            if (named is null)
                continue;
            // A job can have several steps; a machine's address serves several trainings, its port only one.
            var group = variable(named)! + (named == "SLURM_JOB_ID" && variable("SLURM_STEP_ID") is { } step ? "." + step : "") + (named == "MASTER_ADDR" ? ":" + variable("MASTER_PORT") : "");
            return new Rank(group, index, count, Number(variable(local)), variable("SLURMD_NODENAME") ?? Environment.MachineName);
        }

        return null;
    }

    private static int? Number(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
