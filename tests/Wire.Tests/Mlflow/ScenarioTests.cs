using System.Text;
using System.Text.Json;
using Holdfast.Platform.Tests;

namespace Holdfast.Wire.Tests.Mlflow;

/// <summary>
/// One server, one story, a row a request: what is sent, the status, and pieces of the answer. <c>$exp</c> and <c>$run</c> stand
/// for an experiment and a run, <c>$model</c>, <c>$trace</c> and <c>$dataset</c> for a logged model, a trace and an evaluation dataset, made beforehand; <c>!text</c> means that the answer does not hold it.
/// </summary>
public sealed class ScenarioTests
{
    private static readonly string _long = new('x', 251);

    private static readonly (string Request, int Status, string Expected)[] _rows =
    [
        // Transport
        ("GET /health", 200, "OK"),
        ("GET /version", 200, "3.6.0"),
        ("GET /api/2.0/mlflow/nothing", 404, "\"error_code\":\"ENDPOINT_NOT_FOUND\""),
        ("GET /ajax-api/3.0/mlflow/nothing", 404, "\"error_code\":\"ENDPOINT_NOT_FOUND\""),
        ("POST experiments/search", 200, "\"name\":\"Default\"|\"experiment_id\":\"0\"|\"artifact_location\":\"mlflow-artifacts:/0\""),
        ("""POST experiments/search "{\"view_type\": \"ALL\"}" """, 200, "\"name\":\"Default\""),
        ("""POST experiments/search {"viewType": 1, "unknown": 5}""", 200, "\"name\":\"Default\""),
        ("""POST experiments/search {"view_type": "NOTHING"}""", 400, "Invalid value \\\"NOTHING\\\" for parameter 'view_type' supplied"),
        ("GET experiments/search?max_results=1&view_type=DELETED_ONLY", 200, "!experiments"),
        ("POST experiments/search {not json", 400, "INVALID_PARAMETER_VALUE|not valid JSON"),

        // Experiments
        ("""POST experiments/create {"name": "e1"}""", 200, "\"experiment_id\":\"2\""),
        ("""POST experiments/create {"name": "e1"}""", 400, "RESOURCE_ALREADY_EXISTS|Experiment(name=e1) already exists."),
        ("""POST experiments/create {}""", 400, "Missing value for required parameter 'name'"),
        ("""POST experiments/create {"name": 123}""", 400, "Invalid value 123 for parameter 'name'"),
        ("""POST experiments/create {"name": "x", "artifact_location": 9.0}""", 400, "Invalid value 9.0 for parameter 'artifact_location'"),
        ("""POST experiments/create {"name": "x", "tags": "5"}""", 400, "Invalid value \\\"5\\\" for parameter 'tags'"),
        ("GET experiments/get-by-name?experiment_name=e1", 200, "\"lifecycle_stage\":\"active\""),
        ("GET experiments/get-by-name?experiment_name=nobody", 404, "RESOURCE_DOES_NOT_EXIST|Could not find experiment with name 'nobody'"),
        ("GET experiments/get?experiment_id=99", 404, "No Experiment with id=99 exists"),
        ("GET experiments/get?experiment_id=abc", 404, "No Experiment with id=abc exists"),
        ("""POST experiments/set-experiment-tag {"experiment_id": 2, "key": "a", "value": "b"}""", 200, "{}"),
        ("GET experiments/get?experiment_id=2", 200, "\"tags\":[{\"key\":\"a\",\"value\":\"b\"}]"),
        ("""POST experiments/delete-experiment-tag {"experiment_id": "2", "key": "zzz"}""", 404, "RESOURCE_DOES_NOT_EXIST"),
        ("""POST experiments/delete {"experiment_id": "2"}""", 200, "{}"),
        ("""POST experiments/delete {"experiment_id": "2"}""", 404, "No Experiment with id=2 exists"),
        ("""POST runs/create {"experiment_id": "2"}""", 400, "The experiment 2 must be in the 'active' state. Current state is deleted."),
        ("GET experiments/get-by-name?experiment_name=e1", 200, "\"lifecycle_stage\":\"deleted\""),
        ("""POST experiments/restore {"experiment_id": "2"}""", 200, "{}"),
        ("""POST experiments/update {"experiment_id": "2", "new_name": "Default"}""", 400, "RESOURCE_ALREADY_EXISTS"),
        ("""POST experiments/search {"filter": "name LIKE 'e%'", "order_by": ["name DESC"]}""", 200, "\"name\":\"e1\"|!Default"),
        ("""POST experiments/search {"max_results": 0}""", 400, "Invalid value 0 for parameter 'max_results' supplied"),

        // Runs
        ("GET runs/get?run_id=$run", 200, "\"run_uuid\":\"$run\"|\"run_id\":\"$run\"|\"status\":\"RUNNING\"|\"run_name\":\"first\"|mlflow-artifacts:/1/$run/artifacts|!end_time|!metrics"),
        ("GET runs/get?run_id=nobody", 404, "Run with id=nobody not found"),
        ("""POST runs/create {"run_name": "a", "tags": [{"key": "mlflow.runName", "value": "b"}]}""", 400, "run_name='a', mlflow.runName='b'"),
        ("""POST runs/log-metric {"run_id": "$run", "key": "m", "value": 0.5, "timestamp": 10, "step": 3}""", 200, "{}"),
        ("""POST runs/log-metric {"run_uuid": "$run", "key": "m", "value": "0.25", "timestamp": "11", "step": "-2"}""", 200, "{}"),
        ("""POST runs/log-metric {"run_id": "$run", "key": "nan", "value": NaN, "timestamp": 1}""", 200, "{}"),
        ("""POST runs/log-metric {"run_id": "$run", "key": "inf", "value": -Infinity, "timestamp": 1}""", 200, "{}"),
        ("""POST runs/log-metric {"run_id": 31, "key": "m", "value": 1, "timestamp": 1}""", 400, "Invalid value 31 for parameter 'run_id' supplied"),
        ("""POST runs/log-metric {"run_id": "$run", "key": 31, "value": 1, "timestamp": 1}""", 400, "Invalid value 31 for parameter 'key' supplied"),
        ("""POST runs/log-metric {"run_id": "$run", "key": "m", "value": "foo", "timestamp": 1}""", 400, "Invalid value \\\"foo\\\" for parameter 'value' supplied"),
        ("""POST runs/log-metric {"run_id": "$run", "key": "m", "value": true, "timestamp": 1}""", 400, "Invalid value true for parameter 'value' supplied"),
        ("""POST runs/log-metric {"run_id": "$run", "key": "m", "value": 1, "timestamp": -1}""", 400, "Invalid value -1 for parameter 'timestamp' supplied"),
        ("""POST runs/log-metric {"run_id": "$run", "key": "m", "value": 1}""", 400, "Missing value for required parameter 'timestamp'"),
        ("""POST runs/log-metric {"run_id": "$run", "key": "../m", "value": 1, "timestamp": 1}""", 400, "must not resolve to other names"),
        ("""POST runs/log-metric {"run_id": "$run", "key": "a<b", "value": 1, "timestamp": 1}""", 400, "Names may only contain alphanumerics"),
        ("GET runs/get?run_id=$run", 200, "\"key\":\"m\",\"value\":0.5,\"timestamp\":10,\"step\":3|\"value\":\"NaN\"|\"value\":-1.7976931348623157E+308"),
        ("GET metrics/get-history?run_id=$run&metric_key=m", 200, "\"metrics\":[{\"key\":\"m\",\"value\":0.5,\"timestamp\":10,\"step\":3},{\"key\":\"m\",\"value\":0.25,\"timestamp\":11,\"step\":-2}]"),
        ("GET metrics/get-history?run_id=$run&metric_key=none", 200, "{}"),
        ("GET /ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id=$run&metric_key=m", 200, "\"run_id\":\"$run\""),
        ("GET metrics/get-history-bulk-interval?run_ids=$run&metric_key=m&start_step=-5&end_step=0", 200, "\"step\":-2|!\"step\":3"),
        ("GET metrics/get-history-bulk-interval?run_ids=$run&metric_key=m&start_step=1", 400, "both must be specified"),
        ("""POST runs/log-parameter {"run_id": "$run", "key": "p", "value": "1"}""", 200, "{}"),
        ("""POST runs/log-parameter {"run_id": "$run", "key": "p", "value": "1"}""", 200, "{}"),
        ("""POST runs/log-parameter {"run_id": "$run", "key": "p", "value": "2"}""", 400, "Changing param values is not allowed. Params were already logged='[{'key': 'p', 'old_value': '1', 'new_value': '2'}]' for run ID='$run'."),
        ("""POST runs/log-parameter {"run_id": "$run", "key": "none"}""", 200, "{}"),
        ("""POST runs/set-tag {"run_id": "$run", "key": "t", "value": 41}""", 400, "Invalid value 41 for parameter 'value' supplied"),
        ("""POST runs/set-tag {"run_id": "$run", "value": "v"}""", 400, "Missing value for required parameter 'key'"),
        ("""POST runs/set-tag {"run_id": "$run", "key": "mlflow.runName", "value": "second"}""", 200, "{}"),
        ("GET runs/get?run_id=$run", 200, "\"run_name\":\"second\""),
        ("""POST runs/delete-tag {"run_id": "$run", "key": "zzz"}""", 404, "No tag with name: zzz in run with id $run"),
        ("""POST runs/log-batch {"run_id": "$run", "metrics": [{"key": "b", "value": 1, "timestamp": 1}], "params": [{"key": "q", "value": ""}], "tags": [{"key": "t", "value": "1"}, {"key": "t", "value": "2"}]}""", 200, "{}"),
        ("""POST runs/log-batch {"run_id": "$run", "metrics": "foo"}""", 400, "Invalid value \\\"foo\\\" for parameter 'metrics' supplied"),
        ("""POST runs/log-batch {"run_id": "$run", "metrics": [{"key": "b", "value": 2.5}]}""", 400, "Missing value for required parameter 'metrics[0].timestamp'"),
        ("""POST runs/log-batch {"run_id": "$run", "params": [{"key": "r", "value": "1"}, {"key": "r", "value": "1"}]}""", 400, "Duplicate parameter keys have been submitted: ['r']"),
        ($$"""POST runs/log-batch {"run_id": "$run", "params": [{"key": "{{_long}}", "value": "1"}]}""", 400, "had length 251, which exceeded length limit of 250"),
        ("POST runs/log-batch {\"run_id\": \"$run\", \"metrics\": [" + string.Join(",", Enumerable.Repeat("{\"key\": \"x\", \"value\": 1, \"timestamp\": 1}", 1001)) + "]}", 400, "A batch logging request can contain at most 1000 metrics. Got 1001 metrics."),
        ("GET runs/get?run_id=$run", 200, "{\"key\":\"t\",\"value\":\"2\"}|{\"key\":\"q\",\"value\":\"\"}|!\"key\":\"x\"|!\"key\":\"r\""),
        ("""POST runs/log-inputs {"run_id": "$run", "datasets": [{"tags": [{"key": "mlflow.data.context", "value": "training"}], "dataset": {"name": "d", "digest": "1", "source_type": "local", "source": "{}"}}]}""", 200, "{}"),
        ("""POST runs/log-inputs {"run_id": "$run"}""", 400, "Missing value for required parameter 'datasets'"),
        ("""POST experiments/search-datasets {"experiment_ids": ["1"]}""", 200, "\"dataset_summaries\":[{\"experiment_id\":\"1\",\"name\":\"d\",\"digest\":\"1\",\"context\":\"training\"}]"),
        ("""POST runs/search {"experiment_ids": [1], "filter": "metrics.b = 1 AND params.p = '1' and dataset.name = 'd'"}""", 200, "\"run_id\":\"$run\"|\"dataset_inputs\""),
        ("""POST runs/search {"experiment_ids": []}""", 200, "{}"),
        ("""POST runs/search {"experiment_ids": ["1"], "filter": "metrics.b = 1 OR params.p = '1'"}""", 400, "Invalid clause(s) in filter string"),
        ("""POST runs/search {"experiment_ids": ["1"], "max_results": 50001}""", 400, "Invalid value 50001 for parameter 'max_results' supplied"),
        ("""POST runs/search {"experiment_ids": ["1"], "page_token": "bad"}""", 400, "Invalid page token"),
        ("""POST runs/log-model {"run_id": "$run", "model_json": "{}"}""", 400, "Model json is missing mandatory fields"),
        ("""POST runs/log-model {"run_id": "$run", "model_json": "{\"utc_time_created\": \"x\", \"artifact_path\": \"m\", \"flavors\": {}}"}""", 200, "{}"),
        ("GET runs/get?run_id=$run", 200, "mlflow.log-model.history"),
        ("""POST runs/update {"run_id": "$run", "status": "FINISHED", "end_time": 99}""", 200, "\"run_info\"|\"end_time\":99|\"status\":\"FINISHED\""),
        ("""POST runs/delete {"run_id": "$run"}""", 200, "{}"),
        ("""POST runs/delete {"run_id": "$run"}""", 200, "{}"),
        ("""POST runs/log-parameter {"run_id": "$run", "key": "z", "value": "1"}""", 400, "The run $run must be in the 'active' state. Current state is deleted."),
        ("""POST runs/update {"run_id": "$run", "status": "RUNNING"}""", 400, "must be in the 'active' state"),
        ("""POST runs/restore {"run_id": "$run"}""", 200, "{}"),

        // Artifacts
        ("PUT /api/2.0/mlflow-artifacts/artifacts/1/$run/artifacts/dir/a%20b.txt hello", 200, "{}"),
        ("GET /api/2.0/mlflow-artifacts/artifacts/1/$run/artifacts/dir/a%20b.txt", 200, "hello"),
        ("GET /api/2.0/mlflow-artifacts/artifacts?path=1/$run/artifacts", 200, "{\"files\":[{\"path\":\"dir\",\"is_dir\":true}]}"),
        ("GET /api/2.0/mlflow-artifacts/artifacts?path=1/$run/artifacts/dir", 200, "{\"files\":[{\"path\":\"a b.txt\",\"is_dir\":false,\"file_size\":5}]}"),
        ("GET artifacts/list?run_id=$run&path=dir", 200, "\"root_uri\":\"mlflow-artifacts:/1/$run/artifacts\"|\"path\":\"dir/a b.txt\""),
        ("GET artifacts/list?run_id=$run&path=none", 200, "root_uri|!files"),
        ("GET artifacts/list?run_id=$run&path=../x", 400, "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"Invalid path\"}"),
        ("GET /get-artifact?run_id=$run&path=dir/a%20b.txt", 200, "hello"),
        ("GET //get-artifact?run_id=$run&path=../x", 400, "Invalid path"),
        ("GET /model-versions/get-artifact?name=m&version=1&path=../x", 400, "Invalid path"),
        ("GET /api/2.0/mlflow-artifacts/artifacts/none.txt", 404, "RESOURCE_DOES_NOT_EXIST"),
        ("GET /api/2.0/mlflow-artifacts/artifacts/..%2f..%2fholdfast.db", 400, "Invalid path"),
        ("PUT /api/2.0/mlflow-artifacts/artifacts/%2e%2e%2fx hello", 400, "Invalid path"),
        ("DELETE /api/2.0/mlflow-artifacts/artifacts/..%252f..%252fholdfast.db", 400, "Invalid path"),
        ("GET /api/2.0/mlflow-artifacts/artifacts?path=/etc", 400, "Invalid path"),
        ("POST /api/2.0/mlflow-artifacts/mpu/create/x {\"path\": \"x\", \"num_parts\": 2}", 200, "\"upload_id\":\"|/api/2.0/mlflow-artifacts/mpu/part/|\"part_number\":2,\"headers\":{}"),
        ("POST /api/2.0/mlflow-artifacts/mpu/create/x {\"path\": \"x\", \"num_parts\": 0}", 400, "Invalid value 0 for parameter 'num_parts' supplied"),
        ("POST /api/2.0/mlflow-artifacts/mpu/create/..%2f.. {\"path\": \"x\", \"num_parts\": 1}", 400, "Invalid path"),
        ("POST /api/2.0/mlflow-artifacts/mpu/create/x {\"path\": \"..\", \"num_parts\": 1}", 400, "Invalid path"),
        ("POST /api/2.0/mlflow-artifacts/mpu/complete/x {\"path\": \"x\", \"upload_id\": \"../x\", \"parts\": []}", 404, "There is no upload '../x' to this path."),
        ("PUT /api/2.0/mlflow-artifacts/mpu/part/20250101-00000000000000000000000000000000/1 x", 404, "There is no upload"),
        ("GET /api/2.0/mlflow-artifacts/artifacts?path=@uploads", 400, "Invalid path"),
        ("GET /api/2.0/mlflow-artifacts/artifacts", 200, "!@uploads"),
        ("DELETE /api/2.0/mlflow-artifacts/artifacts/1/$run/artifacts/dir", 200, "{}"),
        ("GET artifacts/list?run_id=$run", 200, "!files"),

        // What clients send for log_image, and paths that other servers' tests know (CVE-2023-6014, -6015, -6018, -6977, 2024-1483, -1558, -1560, -1594, -2928, -3848)
        ("PUT /api/2.0/mlflow-artifacts/artifacts/1/$run/artifacts/images/dogs%25step%2523%25timestamp%251795582171365%25E6c7.png x", 200, "{}"),
        ("GET artifacts/list?run_id=$run&path=images", 200, "\"path\":\"images/dogs%step%23%timestamp%1795582171365%E6c7.png\""),
        ("GET /api/2.0/mlflow-artifacts/artifacts/1/$run/artifacts/images/dogs%25step%2523%25timestamp%251795582171365%25E6c7.png", 200, "x"),
        ("DELETE /api/2.0/mlflow-artifacts/artifacts/1/$run/artifacts/images", 200, "{}"),
        ("PUT /api/2.0/mlflow-artifacts/artifacts/C:%2fwindows%2fx hello", 400, "Invalid path"),
        ("PUT /api/2.0/mlflow-artifacts/artifacts/a%23b hello", 400, "Invalid path"),
        ("GET /api/2.0/mlflow-artifacts/artifacts?path=%2fproc%2fself%2froot", 400, "Invalid path"),
        ("GET /api/2.0/mlflow-artifacts/artifacts?path=..;%2f..;", 400, "Invalid path"),
        ("GET artifacts/list?run_id=$run&path=%2f%2fproc%2fself", 400, "Invalid path"),
        ("GET /get-artifact?run_id=$run&path=file:%2f%2f%2fetc%2fpasswd", 400, "Invalid path"),
        ("GET /get-artifact?run_id=$run&path=a%2523%2f..%2f..%2fx", 400, "Invalid path"),
        ("POST /ajax-api/2.0/mlflow/upload-artifact?run_uuid=$run&path=..%2fx {}", 400, "Invalid path"),
        ("""POST experiments/create {"name": "cve1", "artifact_location": "http://host/path#fragment/../../../etc/"}""", 400, "must not contain a fragment"),
        ("""POST experiments/create {"name": "cve2", "artifact_location": "http://host/path;..%2f..%2fetc"}""", 400, "must not contain a fragment"),
        ("""POST experiments/create {"name": "cve3", "artifact_location": "http://host/?/../../../../etc"}""", 400, "must not contain '..'"),
        ("""POST experiments/create {"name": "cve4", "artifact_location": "http://host/?%252e%252e/etc"}""", 400, "must not contain '..'"),
        ("""POST experiments/create {"name": "cve5", "artifact_location": "runs:/abc/x"}""", 400, "cannot be a 'runs:/' URI"),

        // Logged models (MLflow 3)
        ("GET logged-models/$model", 200, "\"model_id\":\"$model\"|\"status\":\"LOGGED_MODEL_PENDING\"|\"artifact_uri\":\"mlflow-artifacts:/1/models/$model/artifacts\"|\"name\":\"lin\"|\"source_run_id\":\"$run\"|{\"key\":\"depth\",\"value\":\"6\"}|!metrics"),
        ("""POST logged-models {}""", 400, "Missing value for required parameter 'experiment_id'"),
        ("""POST logged-models {"experiment_id": "99"}""", 404, "No Experiment with id=99 exists"),
        ("""POST logged-models {"experiment_id": "1", "name": "a/b"}""", 400, "Invalid model name ('a/b') provided."),
        ("GET logged-models/m-nobody", 404, "RESOURCE_DOES_NOT_EXIST|Logged model with ID 'm-nobody' not found."),
        ("""PATCH logged-models/$model {"model_id": "$model", "status": "LOGGED_MODEL_READY"}""", 200, "\"model\":{\"info\"|\"status\":\"LOGGED_MODEL_READY\""),
        ("""PATCH logged-models/$model {"status": "NOTHING"}""", 400, "Invalid value \\\"NOTHING\\\" for parameter 'status' supplied"),
        ("""PATCH logged-models/$model {}""", 400, "Missing value for required parameter 'status'"),
        ("""POST logged-models/$model/params {"params": [{"key": "rate", "value": "0.1"}, {"key": "depth", "value": "6"}]}""", 200, "{}"),
        ("""POST logged-models/$model/params {"params": [{"key": "rate", "value": "0.2"}]}""", 400, "Param with key='rate' was already logged with value='0.1' for model ID='$model'."),
        ("""PATCH logged-models/$model/tags {"tags": [{"key": "a/b", "value": "1"}, {"key": "team", "value": "risk"}]}""", 200, "{\"key\":\"a/b\",\"value\":\"1\"}"),
        ("DELETE logged-models/$model/tags/a%2Fb", 200, "{}"),
        ("DELETE logged-models/$model/tags/a/b", 404, "No tag with key 'a/b' found for model with ID '$model'."),
        ("""POST runs/log-metric {"run_id": "$run", "key": "rmse", "value": 0.5, "timestamp": 5, "model_id": "$model", "dataset_name": "val", "dataset_digest": "d1"}""", 200, "{}"),
        ("""POST runs/log-batch {"run_id": "$run", "metrics": [{"key": "rmse", "value": 0.25, "timestamp": 6, "step": 2, "model_id": "$model"}, {"key": "rmse", "value": 0.25, "timestamp": 6, "step": 2, "model_id": "$model"}, {"key": "mae", "value": NaN, "timestamp": 6, "model_id": "$model"}, {"key": "z", "value": 1, "timestamp": 1, "model_id": "m-nobody"}]}""", 200, "{}"),
        ("GET logged-models/$model", 200, "{\"key\":\"rmse\",\"value\":0.5,\"timestamp\":5,\"step\":0,\"dataset_name\":\"val\",\"dataset_digest\":\"d1\",\"model_id\":\"$model\",\"run_id\":\"$run\"}|\"value\":0.25|\"value\":\"NaN\"|!\"key\":\"z\"|!\"value\":0.25,\"timestamp\":6,\"step\":2,\"model_id\":\"$model\",\"run_id\":\"$run\"},{\"key\":\"rmse\",\"value\":0.25"),
        ("GET runs/get?run_id=$run", 200, "{\"key\":\"rmse\",\"value\":0.25,\"timestamp\":6,\"step\":2}|!outputs|!model_inputs"),
        ("""POST logged-models/search {"experiment_ids": ["1"], "filter": "metrics.rmse > 0.4 AND params.depth = '6' AND tags.team IN ('risk', 'x') AND status = 'READY' AND name LIKE 'l%'"}""", 200, "\"model_id\":\"$model\"|!next_page_token"),
        ("""POST logged-models/search {"experiment_ids": ["1"], "filter": "metrics.rmse > 0.4", "datasets": [{"dataset_name": "val", "dataset_digest": "d1"}]}""", 200, "\"model_id\":\"$model\""),
        ("""POST logged-models/search {"experiment_ids": ["1"], "filter": "metrics.rmse < 0.4", "datasets": [{"dataset_name": "val"}]}""", 200, "{}"),
        ("""POST logged-models/search {"experiment_ids": ["1"], "datasets": [{"dataset_name": "other"}]}""", 200, "{}"),
        ("""POST logged-models/search {"experiment_ids": ["1"], "datasets": [{}]}""", 400, "`dataset_name` in the `datasets` clause must be specified."),
        ("""POST logged-models/search {"experiment_ids": ["0"]}""", 200, "{}"),
        ("""POST logged-models/search {}""", 400, "Missing value for required parameter 'experiment_ids'"),
        ("""POST logged-models/search {"experiment_ids": ["1"], "max_results": 51}""", 400, "Invalid value 51 for parameter 'max_results' supplied"),
        ("""POST logged-models {"experiment_id": "1", "name": "second"}""", 200, "\"name\":\"second\""),
        ("""POST logged-models/search {"experiment_ids": ["1"], "max_results": 1, "order_by": [{"field_name": "metrics.rmse", "ascending": false}]}""", 200, "\"model_id\":\"$model\"|\"next_page_token\"|!second"),
        ("""POST logged-models/search {"experiment_ids": ["1"], "max_results": 1, "order_by": [{"field_name": "metrics.rmse", "dataset_name": "none"}, {"field_name": "name", "ascending": false}]}""", 200, "second"),
        ("""POST logged-models/search {"experiment_ids": ["1"], "order_by": [{"field_name": "params.depth"}]}""", 400, "Only metrics are supported."),
        ("""POST logged-models/search {"experiment_ids": ["1"], "order_by": [{"field_name": "nothing"}]}""", 400, "Invalid attribute key 'nothing' specified."),
        ("""POST runs/outputs {"run_id": "$run", "models": [{"model_id": "$model", "step": 3}]}""", 200, "{}"),
        ("""POST runs/log-inputs {"run_id": "$run", "models": [{"model_id": "$model"}]}""", 200, "{}"),
        ("GET runs/get?run_id=$run", 200, "\"model_inputs\":[{\"model_id\":\"$model\"}]|\"outputs\":{\"model_outputs\":[{\"model_id\":\"$model\",\"step\":3}]}"),
        ("PUT /api/2.0/mlflow-artifacts/artifacts/1/models/$model/artifacts/data/MLmodel flavors", 200, "{}"),
        ("GET logged-models/$model/artifacts/directories", 200, "\"root_uri\":\"mlflow-artifacts:/1/models/$model/artifacts\"|{\"path\":\"data\",\"is_dir\":true}"),
        ("GET logged-models/$model/artifacts/directories?artifact_directory_path=data", 200, "\"path\":\"data/MLmodel\""),
        ("GET logged-models/$model/artifacts/directories?artifact_directory_path=..%2f..", 400, "Invalid path"),
        ("GET /ajax-api/2.0/mlflow/logged-models/$model/artifacts/files?artifact_file_path=data/MLmodel", 200, "flavors"),
        ("GET /ajax-api/2.0/mlflow/logged-models/$model/artifacts/files?artifact_file_path=..%2fx", 400, "Invalid path"),
        ("GET /ajax-api/2.0/mlflow/logged-models/$model/artifacts/files", 400, "Request must include"),
        ("GET /ajax-api/2.0/mlflow/logged-models/$model/artifacts/files?artifact_file_path=none", 404, "RESOURCE_DOES_NOT_EXIST"),
        ("""POST registered-models/create {"name": "logged"}""", 200, "logged"),
        ("""POST model-versions/create {"name": "logged", "source": "models:/$model", "model_id": "$model"}""", 200, "\"version\":\"1\"|\"source\":\"models:/$model\"|\"model_id\":\"$model\"|\"run_id\":\"$run\""),
        ("""POST model-versions/create {"name": "logged", "source": "models:/m-nobody"}""", 404, "Logged model with ID 'm-nobody' not found."),
        ("""POST model-versions/create {"name": "logged", "source": "s3://bucket/x", "model_id": "m-nobody"}""", 404, "Logged model with ID 'm-nobody' not found."),
        ("""POST model-versions/create {"name": "logged", "source": "file:///etc", "model_id": "$model"}""", 400, "To use a local path as a model version source"),
        ("GET model-versions/get-download-uri?name=logged&version=1", 200, "\"artifact_uri\":\"mlflow-artifacts:/1/models/$model/artifacts\""),
        ("GET logged-models/$model", 200, "{\"key\":\"mlflow.modelVersions\",\"value\":\"[{\\\"name\\\": \\\"logged\\\", \\\"version\\\": 1}]\"}"),
        ("DELETE logged-models/$model", 200, "{}"),
        ("DELETE logged-models/$model", 200, "{}"),
        ("GET logged-models/$model", 404, "not found"),
        ("""PATCH logged-models/$model/tags {"tags": [{"key": "a", "value": "1"}]}""", 404, "not found"),
        ("""POST logged-models/search {"experiment_ids": ["1"]}""", 200, "second|!$model"),
        ("""DELETE registered-models/delete {"name": "logged"}""", 200, "{}"),

        // Traces as MLflow 2 writes them
        ("GET traces/$trace/info", 200, "\"trace_info\":{\"request_id\":\"$trace\",\"experiment_id\":\"1\",\"timestamp_ms\":1000,\"status\":\"IN_PROGRESS\"|{\"key\":\"meta\",\"value\":\"apple\"}|{\"key\":\"mlflow.artifactLocation\",\"value\":\"mlflow-artifacts:/1/traces/$trace/artifacts\"}|!execution_time_ms"),
        ("""PATCH traces/$trace {"timestamp_ms": 3000, "status": "OK", "request_metadata": [{"key": "meta", "value": "pear"}], "tags": [{"key": "mlflow.traceName", "value": "predict"}]}""", 200, "\"timestamp_ms\":1000,\"execution_time_ms\":2000,\"status\":\"OK\"|{\"key\":\"meta\",\"value\":\"pear\"}|{\"key\":\"tag\",\"value\":\"red\"}"),
        ("""POST traces {"experiment_id": "99", "timestamp_ms": 1}""", 404, "No Experiment with id=99 exists"),
        ("""POST traces {"experiment_id": "1"}""", 400, "Missing value for required parameter 'timestamp_ms'"),
        ("GET traces/nobody/info", 404, "RESOURCE_DOES_NOT_EXIST|Trace with ID 'nobody' not found."),
        ("""PATCH traces/$trace/tags {"key": "tag", "value": "green"}""", 200, "{}"),
        ("""DELETE traces/$trace/tags {"key": "none"}""", 404, "No trace tag with key 'none'"),
        ("GET traces?experiment_ids=1&filter=status%20%3D%20'OK'%20AND%20tags.tag%20%3D%20'green'%20AND%20name%20LIKE%20'pre%25'%20AND%20execution_time%20%3E%3D%202000%20AND%20metadata.meta%20%3D%20'pear'%20AND%20end_time%20%3D%203000", 200, "\"request_id\":\"$trace\"|!next_page_token"),
        ("GET traces?experiment_ids=1&filter=status%20IN%20('ERROR','IN_PROGRESS')", 200, "{}"),
        ("GET traces?experiment_ids=1&filter=span.name%20%3D%20'x'", 200, "{}"),
        ("GET traces?experiment_ids=1&filter=span.size%20%3D%20'x'", 400, "Invalid span attribute 'size'. Supported attributes: name, status, type, attributes.<attribute_name>."),
        ("GET traces?experiment_ids=1&filter=text%20%3D%20'x'", 400, "Invalid comparator '=' for attribute 'text'."),
        ("GET traces?experiment_ids=1&filter=nothing.name%20%3D%20'x'", 400, "Invalid entity type 'nothing'"),
        ("GET traces", 400, "Missing value for required parameter 'experiment_ids'"),
        ("GET traces?experiment_ids=1&max_results=501", 400, "Invalid value 501 for parameter 'max_results' supplied"),
        ("GET traces?experiment_ids=1&order_by=tags.tag%20ASC&order_by=timestamp%20DESC", 200, "\"request_id\":\"$trace\""),
        ("PUT /api/2.0/mlflow-artifacts/artifacts/1/traces/$trace/artifacts/traces.json {\"spans\": []}", 200, "{}"),
        ("GET /ajax-api/2.0/mlflow/get-trace-artifact?request_id=$trace", 200, "{\"spans\": []}"),
        ("GET /ajax-api/2.0/mlflow/get-trace-artifact", 400, "Request must include"),

        // Traces as MLflow 3 writes them
        ("""POST /api/3.0/mlflow/traces {"trace": {"trace_info": {"trace_id": "tr-3", "client_request_id": "mine", "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "1"}}, "request_time": "2025-11-19T10:00:00.250Z", "execution_duration": "1.500s", "state": "ERROR", "request_preview": "in", "response_preview": "out", "trace_metadata": {"mlflow.sourceRun": "$run"}, "tags": {"mlflow.traceName": "answer"}}}}""", 200,
            "{\"trace\":{\"trace_info\":{\"trace_id\":\"tr-3\",\"client_request_id\":\"mine\"|\"request_time\":\"2025-11-19T10:00:00.250Z\",\"execution_duration\":\"1.500s\",\"state\":\"ERROR\"|\"mlflow.artifactLocation\":\"mlflow-artifacts:/1/traces/tr-3/artifacts\""),
        ("GET /api/3.0/mlflow/traces/tr-3", 200, "\"request_preview\":\"in\",\"response_preview\":\"out\"|\"trace_metadata\":{\"mlflow.sourceRun\":\"$run\"}|{\"type\":\"MLFLOW_EXPERIMENT\",\"mlflow_experiment\":{\"experiment_id\":\"1\"}}"),
        ("""POST /api/3.0/mlflow/traces {"trace": {"trace_info": {"trace_id": "a/b", "trace_location": {"mlflow_experiment": {"experiment_id": "1"}}, "request_time": "2025-11-19T10:00:00Z"}}}""", 400, "Invalid trace id: 'a/b'"),
        ("""POST /api/3.0/mlflow/traces {"trace": {"trace_info": {"trace_id": "t", "trace_location": {"mlflow_experiment": {"experiment_id": "1"}}, "request_time": "yesterday"}}}""", 400, "Invalid value \\\"yesterday\\\" for parameter 'trace.trace_info.request_time' supplied"),
        ("""POST /api/3.0/mlflow/traces {"trace": {"trace_info": {"trace_id": "tr-3", "trace_location": {"mlflow_experiment": {"experiment_id": "1"}}, "request_time": "2025-11-19T10:00:00.250Z", "execution_duration": "2s", "state": "OK", "tags": {"team": "risk"}}}}""", 200, "\"execution_duration\":\"2.000s\",\"state\":\"OK\"|\"mlflow.traceName\":\"answer\"|\"team\":\"risk\"|\"mlflow.sourceRun\":\"$run\""),
        ("""POST /api/3.0/mlflow/traces/search {"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "1"}}], "max_results": 1}""", 200, "\"trace_id\":\"tr-3\"|\"next_page_token\"|!$trace"),
        ("""POST /api/3.0/mlflow/traces/search {"locations": [{"mlflow_experiment": {"experiment_id": "1"}}], "filter": "run_id = '$run' AND trace.status = 'OK'"}""", 200, "\"trace_id\":\"tr-3\"|!$trace"),
        ("""POST traces/link-to-run {"trace_ids": ["$trace"], "run_id": "$run"}""", 200, "{}"),
        ("""POST traces/link-to-run {"trace_ids": ["$trace"], "run_id": "nobody"}""", 404, "Run with id=nobody not found"),
        ("""POST /api/3.0/mlflow/traces/search {"locations": [{"mlflow_experiment": {"experiment_id": "1"}}], "filter": "run_id = '$run'"}""", 200, "tr-3|$trace"),
        ("""POST /api/3.0/mlflow/traces/search {}""", 400, "Missing value for required parameter 'locations'"),
        ("""PATCH /api/3.0/mlflow/traces/tr-3/tags {"key": "team", "value": "fraud"}""", 200, "{}"),
        ("""DELETE /api/3.0/mlflow/traces/tr-3/tags {"key": "team"}""", 200, "{}"),
        ("GET /api/3.0/mlflow/traces/get?trace_id=tr-3", 200, "{\"trace\":{\"trace_info\":{\"trace_id\":\"tr-3\"|!spans"),
        ("GET /api/3.0/mlflow/traces/get?trace_id=nobody", 404, "RESOURCE_DOES_NOT_EXIST"),
        ("GET /api/3.0/mlflow/traces/batchGet?trace_ids=tr-3&trace_ids=nobody", 200, "{}"),
        ("GET /api/3.0/mlflow/traces/batchGet", 400, "Missing value for required parameter 'trace_ids'"),
        ("""POST /api/3.0/mlflow/traces/tr-3/assessments {"assessment": {"assessment_name": "good", "trace_id": "tr-3", "source": {"source_type": "HUMAN", "source_id": "ann"}, "feedback": {"value": true}, "rationale": "it is", "metadata": {"a": "b"}}}""", 200, "\"assessment_id\":\"a-|\"assessment_name\":\"good\",\"trace_id\":\"tr-3\",\"source\":{\"source_type\":\"HUMAN\",\"source_id\":\"ann\"}|\"feedback\":{\"value\": true}|\"rationale\":\"it is\"|\"metadata\":{\"a\":\"b\"}|\"valid\":true"),
        ("""POST /api/3.0/mlflow/traces/tr-3/assessments {"assessment": {"assessment_name": "both", "feedback": {"value": 1}, "expectation": {"value": 1}}}""", 400, "An assessment holds either `feedback` or `expectation`."),
        ("""POST /api/3.0/mlflow/traces/tr-3/assessments {"assessment": {"feedback": {"value": 1}}}""", 400, "Missing value for required parameter 'assessment.assessment_name'"),
        ("""POST /api/3.0/mlflow/traces/tr-3/assessments {"assessment": {"assessment_name": "x", "feedback": {"value": 1}, "overrides": "a-none"}}""", 404, "Assessment with ID 'a-none' not found for trace 'tr-3'"),
        ("""POST /api/3.0/mlflow/traces/tr-3/assessments {"assessment": {"assessment_name": "fast", "expectation": {"value": {"ms": 5}}}}""", 200, "\"expectation\":{\"serialized_value\":{\"serialization_format\":\"JSON_FORMAT\",\"value\":\"{\\\"ms\\\": 5}\"}}"),
        ("""POST /api/3.0/mlflow/traces/tr-3/assessments {"assessment": {"assessment_name": "plain", "expectation": {"value": "yes"}}}""", 200, "\"expectation\":{\"value\": \"yes\"}"),
        ("GET /api/3.0/mlflow/traces/tr-3", 200, "\"assessments\":[{\"assessment_id\":\"a-"),
        ("""POST /api/3.0/mlflow/traces/calculate-filter-correlation {"experiment_ids": ["1"], "filter_string1": "status = 'NONE'", "filter_string2": "status = 'OK'"}""", 200, "\"npmi\":\"NaN\",\"npmi_smoothed\":\"NaN\",\"filter1_count\":0|\"joint_count\":0"),
        ("""POST /api/3.0/mlflow/traces/calculate-filter-correlation {"experiment_ids": ["1"], "filter_string1": "status = 'OK'"}""", 400, "Missing value for required parameter 'filter_string2'"),
        ("""POST traces/delete-traces {"experiment_id": "1"}""", 400, "Either `max_timestamp_millis` or `request_ids` must be specified, but not both."),
        ("""POST traces/delete-traces {"experiment_id": "1", "request_ids": ["x"], "max_traces": 2}""", 400, "`max_traces` can't be specified"),
        ("""POST traces/delete-traces {"experiment_id": "1", "max_timestamp_millis": 1000000000000000, "max_traces": 1}""", 200, "{\"traces_deleted\":1}"),
        ("GET traces/$trace/info", 404, "not found"),
        ("""POST /api/3.0/mlflow/traces/delete-traces {"experiment_id": "1", "request_ids": ["tr-3", "nobody"]}""", 200, "{\"traces_deleted\":1}"),
        ("GET traces?experiment_ids=1", 200, "{}"),

        // Registry
        ("""POST registered-models/create {"name": "m"}""", 200, "\"registered_model\":{\"name\":\"m\",\"creation_timestamp\":|!description|!tags"),
        ("""POST registered-models/create {"name": "m"}""", 400, "RESOURCE_ALREADY_EXISTS|Registered Model (name=m) already exists."),
        ("""POST model-versions/create {"name": "m", "source": "mlflow-artifacts:/1/$run/artifacts/model", "run_id": "$run"}""", 200, "\"version\":\"1\"|\"current_stage\":\"None\"|\"description\":\"\"|\"status\":\"READY\""),
        ("""POST model-versions/create {"name": "nobody", "source": "s3://b/x"}""", 404, "Registered Model with name=nobody not found"),
        ("""POST model-versions/create {"name": "m", "source": "/etc", "run_id": "$run"}""", 400, "To use a local path as a model version source"),
        ("""POST model-versions/create {"name": "m", "source": "s3://b/../../etc"}""", 400, "If supplying a source as an http, https,"),
        ("""POST registered-models/alias {"name": "m", "alias": "champion", "version": "1"}""", 200, "{}"),
        ("GET registered-models/alias?name=m&alias=champion", 200, "\"model_version\"|\"aliases\":[\"champion\"]"),
        ("GET registered-models/alias?name=m&alias=nobody", 400, "INVALID_PARAMETER_VALUE|Registered model alias nobody not found."),
        ("""POST registered-models/alias {"name": "m", "alias": "latest", "version": "1"}""", 400, "reserved"),
        ("""POST model-versions/create {"name": "m", "source": "models:/m@champion"}""", 200, "\"version\":\"2\"|\"source\":\"models:/m@champion\""),
        ("GET model-versions/get-download-uri?name=m&version=2", 200, "\"artifact_uri\":\"mlflow-artifacts:/1/$run/artifacts/model\""),
        ("GET model-versions/get?name=m&version=x", 400, "Model version must be an integer, got 'x'"),
        ("GET model-versions/get?name=m&version=9", 404, "Model Version (name=m, version=9) not found"),
        ("""POST model-versions/transition-stage {"name": "m", "version": "2", "stage": "production", "archive_existing_versions": true}""", 200, "\"current_stage\":\"Production\""),
        ("""POST model-versions/transition-stage {"name": "m", "version": "2", "stage": "nothing", "archive_existing_versions": true}""", 400, "Invalid Model Version stage: nothing"),
        ("GET registered-models/get-latest-versions?name=m&stages=production", 200, "\"version\":\"2\"|!\"version\":\"1\""),
        ("""POST model-versions/set-tag {"name": "m", "version": "1", "key": "k", "value": "v"}""", 200, "{}"),
        ("GET model-versions/search?filter=tags.k%20%3D%20'v'", 200, "\"version\":\"1\"|!\"version\":\"2\""),
        ("""DELETE model-versions/delete-tag {"name": "m", "version": "1", "key": "k"}""", 200, "{}"),
        ("GET registered-models/search?filter=name%20ILIKE%20'M'", 200, "\"name\":\"m\""),
        ("""POST registered-models/create {"name": "words", "tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]}""", 200, "words"),
        ("""POST model-versions/create {"name": "words", "source": "s3://b/x", "tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]}""", 200, "\"version\":\"1\""),
        ("GET registered-models/search", 200, "\"name\":\"m\"|!words"),
        ("GET registered-models/search?filter=tag.%60mlflow.prompt.is_prompt%60%20!%3D%20'true'", 200, "\"name\":\"m\"|!words"),
        ("GET registered-models/search?filter=tag.%60mlflow.prompt.is_prompt%60%20%3D%20'true'", 200, "words|!\"name\":\"m\""),
        ("GET model-versions/search", 200, "\"name\":\"m\"|!words"),
        ("GET model-versions/search?filter=tags.%60mlflow.prompt.is_prompt%60%20%3D%20'false'", 200, "\"name\":\"m\"|!words"),
        ("GET model-versions/search?filter=tags.%60mlflow.prompt.is_prompt%60%20%3D%20'true'", 200, "words|!\"name\":\"m\""),
        ("""POST model-versions/create {"name": "words", "source": "prompt-template", "tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]}""", 200, "\"source\":\"prompt-template\""),
        ("""POST model-versions/create {"name": "words", "source": "/etc", "tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]}""", 400, "To use a local path as a model version source"),
        ("""POST model-versions/create {"name": "words", "source": "..", "tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]}""", 400, "To use a local path as a model version source"),
        ("""DELETE registered-models/delete {"name": "words"}""", 200, "{}"),
        ("""PATCH registered-models/update {"name": "m", "description": "words"}""", 200, "\"description\":\"words\""),
        ("""POST registered-models/rename {"name": "m", "new_name": "n"}""", 200, "\"name\":\"n\""),
        ("""DELETE model-versions/delete {"name": "n", "version": "2"}""", 200, "{}"),
        ("""DELETE registered-models/alias {"name": "n", "alias": "champion"}""", 200, "{}"),
        ("""DELETE registered-models/delete {"name": "n"}""", 200, "{}"),
        ("GET registered-models/get?name=n", 404, "Registered Model with name=n not found"),

        // Evaluation datasets
        ("""POST /api/3.0/mlflow/datasets/create {"name": "cases", "experiment_ids": ["1"], "tags": "{\"team\": \"risk\", \"mlflow.user\": \"ann\"}"}""", 200, "\"dataset_id\":\"d-|\"created_by\":\"ann\"|\"experiment_ids\":[\"1\"]|!schema|!profile"),
        ("""POST /api/3.0/mlflow/datasets/create {"name": "cases", "experiment_ids": ["99"]}""", 404, "No Experiment with id=99 exists"),
        ("""POST /api/3.0/mlflow/datasets/create {"name": "cases", "tags": "{"}""", 400, "`tags` is not valid JSON"),
        ("POST /api/3.0/mlflow/datasets/create {}", 400, "Missing value for required parameter 'name'"),
        ("GET /api/3.0/mlflow/datasets/$dataset", 200, "\"name\":\"made\"|\"tags\":\"{}\""),
        ("GET /api/3.0/mlflow/datasets/d-none", 404, "RESOURCE_DOES_NOT_EXIST|Evaluation dataset with id 'd-none' not found"),
        ("""POST /api/3.0/mlflow/datasets/$dataset/records {"records": "[{\"inputs\": {\"q\": 1, \"a\": [true]}, \"expectations\": {\"e\": 1.5}, \"source\": {\"source_type\": \"TRACE\", \"source_data\": {\"trace_id\": \"tr-1\"}}}, {\"inputs\": {\"q\": 2}, \"outputs\": \"yes\"}]"}""", 200, "{\"inserted_count\":2,\"updated_count\":0}"),
        ("""POST /api/3.0/mlflow/datasets/$dataset/records {"records": "[{\"inputs\": {\"a\": [true], \"q\": 1}, \"expectations\": {\"f\": null}, \"tags\": {\"mlflow.user\": \"bob\"}}]"}""", 200, "{\"inserted_count\":0,\"updated_count\":1}"),
        ("""POST /api/3.0/mlflow/datasets/$dataset/records {"records": "{}"}""", 400, "`records` must be a list of objects."),
        ("""POST /api/3.0/mlflow/datasets/$dataset/records {"records": "[{\"inputs\": 5}]"}""", 400, "records[0].inputs is no object."),
        ("""POST /api/3.0/mlflow/datasets/d-none/records {"records": "[]"}""", 404, "Evaluation dataset with id 'd-none' not found"),
        ("GET /api/3.0/mlflow/datasets/$dataset/records", 200, """\"inputs\":{\"q\":1,\"a\":[true]},\"outputs\":{},\"expectations\":{\"e\":1.5,\"f\":null}|\"source_type\":\"TRACE\",\"source_id\":\"tr-1\"|\"outputs\":\"yes\"|\"last_updated_by\":\"bob\"|!next_page_token"""),
        ("GET /api/3.0/mlflow/datasets/$dataset/records?max_results=1", 200, "next_page_token|!yes"),
        ("GET /api/3.0/mlflow/datasets/$dataset", 200, """"schema":"{\"inputs\":{\"q\":\"integer\",\"a\":\"array\"},\"outputs\":\"string\",\"expectations\":{\"e\":\"float\",\"f\":\"null\"},\"version\":\"1.0\"}"|"profile":"{\"num_records\": 2}"|"last_updated_by":"bob""""),
        ("""PATCH /api/3.0/mlflow/datasets/$dataset/tags {"tags": "{\"k\": \"v\", \"n\": null}"}""", 200, "{\\\"k\\\":\\\"v\\\"}"),
        ("""PATCH /api/3.0/mlflow/datasets/d-none/tags {"tags": "{}"}""", 404, "not found"),
        ("""POST /api/3.0/mlflow/datasets/search {"filter_string": "tags.k = 'v' AND name LIKE 'ma%'"}""", 200, "$dataset|!cases"),
        ("GET /api/3.0/mlflow/datasets/search?experiment_ids=1", 200, "cases|!$dataset"),
        ("""POST /api/3.0/mlflow/datasets/search {"filter_string": "size = 1"}""", 400, "Invalid attribute key 'size'"),
        ("""POST /api/3.0/mlflow/datasets/search {"order_by": ["name DESC"], "max_results": 1}""", 200, "$dataset|next_page_token"),
        ("DELETE /api/3.0/mlflow/datasets/$dataset/tags/k", 200, "{}"),
        ("""POST /api/3.0/mlflow/datasets/$dataset/add-experiments {"experiment_ids": ["0", "1"]}""", 200, "\"experiment_ids\":[\"0\",\"1\"]"),
        ("""POST /api/3.0/mlflow/datasets/$dataset/add-experiments {"experiment_ids": ["77"]}""", 404, "No Experiment with id=77 exists"),
        ("""POST /api/3.0/mlflow/datasets/$dataset/remove-experiments {"experiment_ids": ["1", "77"]}""", 200, "\"experiment_ids\":[\"0\"]"),
        ("GET /api/3.0/mlflow/datasets/$dataset/experiment-ids", 200, "{\"experiment_ids\":[\"0\"]}"),
        ("DELETE /api/3.0/mlflow/datasets/$dataset", 200, "{}"),
        ("DELETE /api/3.0/mlflow/datasets/$dataset", 200, "{}"),
        ("GET /api/3.0/mlflow/datasets/$dataset/records", 404, "not found"),

        // Webhooks
        ("GET webhooks", 200, "{}"),
        ("""POST webhooks {"name": "w", "url": "https://example.org/hook", "events": [{"entity": "MODEL_VERSION", "action": "CREATED"}], "description": "why"}""", 200, "\"webhook\":{\"webhook_id\":\"|\"name\":\"w\"|\"description\":\"why\"|\"events\":[{\"entity\":\"MODEL_VERSION\",\"action\":\"CREATED\"}]|\"status\":\"ACTIVE\"|\"creation_timestamp\":"),
        ("""POST webhooks {"name": "v", "url": "https://example.org/hook", "events": [{"entity": 1, "action": 1}], "status": "DISABLED"}""", 200, "\"entity\":\"REGISTERED_MODEL\"|\"status\":\"DISABLED\"|!description"),
        ("GET webhooks?max_results=1", 200, "\"webhooks\":[|\"next_page_token\":\""),
        ("GET webhooks?max_results=1001", 400, "max_results must be between 1 and 1000."),
        ("GET webhooks/nobody", 404, "RESOURCE_DOES_NOT_EXIST|Webhook with ID nobody not found."),
        ("""PATCH webhooks/nobody {"name": "x"}""", 404, "Webhook with ID nobody not found."),
        ("DELETE webhooks/nobody", 404, "Webhook with ID nobody not found."),
        ("POST webhooks/nobody/test {}", 404, "Webhook with ID nobody not found."),
        ("""POST webhooks {"name": "w", "url": "https://example.org"}""", 400, "Missing value for required parameter 'events'"),
        ("""POST webhooks {"name": "w", "events": [{"entity": "MODEL_VERSION", "action": "CREATED"}]}""", 400, "Missing value for required parameter 'url'"),
        ("""POST webhooks {"name": "w", "url": "https://example.org", "events": []}""", 400, "Webhook events must be a non-empty list"),
        ("""POST webhooks {"name": "w", "url": "https://example.org", "events": [{"entity": "MODEL_VERSION", "action": "UPDATED"}]}""", 400, "Invalid action 'updated' for entity 'model_version'. Valid actions are: ['created']"),
        ("""POST webhooks {"name": "w", "url": "https://example.org", "events": [{"entity": "NOTHING", "action": "CREATED"}]}""", 400, "Invalid value \\\"NOTHING\\\" for parameter 'events[0].entity' supplied"),
        ("""POST webhooks {"name": "-w", "url": "ftp://example.org", "events": [{"entity": "MODEL_VERSION", "action": "CREATED"}]}""", 400, "Webhook name '-w' is invalid.|Invalid webhook URL scheme: 'ftp'. Allowed schemes are: https, http."),
        ("""POST webhooks {"name": "w", "url": "https://me:word@example.org", "events": [{"entity": "MODEL_VERSION", "action": "CREATED"}]}""", 400, "holds a user name or password"),
    ];

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Requests_get_MLflows_answers(string name)
    {
        var ct = TestContext.Current.CancellationToken;
        await using var database = await TestDatabases.Open(name, migrate: false);
        await using var host = await TestHost.Start(change: o => o with { Database = database.ConnectionString });
        var exp = await Field(host, "experiments/create", """{"name": "story"}""", "experiment_id");
        Assert.Equal("1", exp);
        var run = await Field(host, "runs/create", """{"experiment_id": "1", "run_name": "first", "start_time": 1}""", "run", "info", "run_id");
        var model = await Field(
            host, "logged-models", $$"""{"experiment_id": "1", "name": "lin", "source_run_id": "{{run}}", "params": [{"key": "depth", "value": "6"}], "tags": []}""", "model", "info", "model_id");
        var trace = await Field(
            host, "traces", """{"experiment_id": "1", "timestamp_ms": 1000, "request_metadata": [{"key": "meta", "value": "apple"}], "tags": [{"key": "tag", "value": "red"}]}""", "trace_info", "request_id");
        var dataset = await Field(host, "/api/3.0/mlflow/datasets/create", """{"name": "made"}""", "dataset", "dataset_id");
        string Filled(string text) => text.Replace("$run", run, StringComparison.Ordinal).Replace("$model", model, StringComparison.Ordinal).Replace("$trace", trace, StringComparison.Ordinal).Replace("$dataset", dataset, StringComparison.Ordinal);
        var wrong = new List<string>();
        foreach (var (text, status, expected) in _rows)
        {
            using var request = Request(Filled(text.Trim()));
            using var response = await host.Client.SendAsync(request, ct);
            var body = await response.Content.ReadAsStringAsync(ct);
            var head = $"{(text.Length > 120 ? text[..120] + "…" : text)} gave {(int)response.StatusCode} {(body.Length > 400 ? body[..400] + "…" : body)}";
            if ((int)response.StatusCode != status)
                wrong.Add($"{head}, expected {status}");
            foreach (var piece in Filled(expected).Split('|'))
            {
                if (piece[0] == '!' ? body.Contains(piece[1..], StringComparison.Ordinal) : !body.Contains(piece, StringComparison.Ordinal))
                    wrong.Add($"{head}, expected {piece}");
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Downloads_are_saved_and_never_run()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var host = await TestHost.Start();
        using var page = new StringContent("<script>alert(1)</script>", Encoding.UTF8, "text/html");
        await host.Client.PutAsync("/api/2.0/mlflow-artifacts/artifacts/x/page.html", page, ct);
        using var response = await host.Client.GetAsync("/api/2.0/mlflow-artifacts/artifacts/x/page.html", ct);
        Assert.Equal("attachment; filename=page.html", response.Content.Headers.ContentDisposition!.ToString());
        Assert.Contains("nosniff", response.Headers.GetValues("X-Content-Type-Options"));
        Assert.Contains("sandbox", string.Join(';', response.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_viewer_deletes_no_artifacts_and_a_stranger_is_asked_for_a_password()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var host = await TestHost.Start(requireToken: true);
        using var viewer = host.With(await host.Token(Holdfast.Kernel.Role.Viewer));
        using var refused = await viewer.DeleteAsync("/api/2.0/mlflow-artifacts/artifacts/x", ct); // CVE-2024-4263
        Assert.Equal(403, (int)refused.StatusCode);
        Assert.Contains("PERMISSION_DENIED", await refused.Content.ReadAsStringAsync(ct), StringComparison.Ordinal);
        using var stranger = await host.Client.GetAsync("/api/2.0/mlflow/experiments/get?experiment_id=0", ct);
        Assert.Equal(401, (int)stranger.StatusCode);
        Assert.StartsWith("Basic", stranger.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        Assert.Contains("UNAUTHENTICATED", await stranger.Content.ReadAsStringAsync(ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_overriding_assessment_makes_the_other_invalid_until_it_is_deleted()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var host = await TestHost.Start();
        var trace = await Field(host, "traces", """{"experiment_id": "0", "timestamp_ms": 1}""", "trace_info", "request_id");
        var root = $"/api/3.0/mlflow/traces/{trace}/assessments";
        var first = await Field(host, root, """{"assessment": {"assessment_name": "good", "feedback": {"value": "yes"}}}""", "assessment", "assessment_id");
        var second = await Field(host, root, $$$"""{"assessment": {"assessment_name": "good", "feedback": {"value": "no"}, "overrides": "{{{first}}}"}}""", "assessment", "assessment_id");
        Assert.Contains("\"valid\":false", await host.Client.GetStringAsync($"{root}/{first}", ct), StringComparison.Ordinal);
        using var change = new StringContent("""{"assessment": {"feedback": {"value": 3}, "rationale": "unsaid"}, "update_mask": "assessmentName,feedback"}""", Encoding.UTF8, "application/json");
        using var nameless = await host.Client.PatchAsync($"{root}/{second}", change, ct);
        Assert.Equal(400, (int)nameless.StatusCode);
        using var masked = new StringContent("""{"assessment": {"feedback": {"value": 3}, "rationale": "unsaid"}, "update_mask": "feedback"}""", Encoding.UTF8, "application/json");
        using var changed = await host.Client.PatchAsync($"{root}/{second}", masked, ct);
        var answer = await changed.Content.ReadAsStringAsync(ct);
        Assert.Contains("\"feedback\":{\"value\": 3}", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("unsaid", answer, StringComparison.Ordinal);
        using var expectation = new StringContent("""{"assessment": {"expectation": {"value": 3}}, "update_mask": "expectation"}""", Encoding.UTF8, "application/json");
        using var refused = await host.Client.PatchAsync($"{root}/{second}", expectation, ct);
        Assert.Equal(400, (int)refused.StatusCode);
        using var deleted = await host.Client.DeleteAsync($"{root}/{second}", ct);
        Assert.Equal(200, (int)deleted.StatusCode);
        Assert.Contains("\"valid\":true", await host.Client.GetStringAsync($"{root}/{first}", ct), StringComparison.Ordinal);
        using var gone = await host.Client.GetAsync($"{root}/{second}", ct);
        Assert.Equal(404, (int)gone.StatusCode);
    }

    private static HttpRequestMessage Request(string text)
    {
        var parts = text.Split(' ', 3);
        var path = parts[1][0] == '/' ? parts[1] : "/api/2.0/mlflow/" + parts[1];
        // A doubled slash at the start would read as a host.
        var request = new HttpRequestMessage(new HttpMethod(parts[0]), path.StartsWith("//", StringComparison.Ordinal) ? "/." + path : path);
        if (parts.Length == 3)
            request.Content = new StringContent(parts[2], Encoding.UTF8, parts[0] == "PUT" ? "application/octet-stream" : "application/json");
        return request;
    }

    private static async Task<string> Field(TestHost host, string path, string body, params string[] names)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await host.Client.PostAsync(path[0] == '/' ? path : "/api/2.0/mlflow/" + path, content);
        using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return names.Aggregate(document.RootElement, (element, name) => element.GetProperty(name)).GetString()!;
    }
}
