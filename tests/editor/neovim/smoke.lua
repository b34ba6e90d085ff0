-- A whole visit in Neovim: the file is opened, the finding is shown, read, acted upon and gone, and the file is saved.
-- Arguments in the environment: GOLEASH, the program; ACTION, a part of the title of the code action to take.
-- The cursor, the choice and the commands are those of a user; nothing is called that Neovim does not offer them.

local function fail(text)
  io.stderr:write(text .. "\n")
  vim.cmd("cquit 1")
end

local function wait(what, condition)
  if not vim.wait(20000, condition, 20) then
    fail("never: " .. what .. "\n" .. vim.inspect(vim.diagnostic.get(0)) .. "\n" .. vim.fn.execute("messages"))
  end
end

local function run()
  local config = {
    name = "goleash",
    cmd = { vim.env.GOLEASH, "lsp" },
    root_dir = vim.fn.getcwd(),
    workspace_folders = { { uri = vim.uri_from_fname(vim.fn.getcwd()), name = "m" } },
  }
  local id = vim.lsp.start_client(config)
  vim.lsp.buf_attach_client(0, id)

  wait("the finding", function()
    return #vim.diagnostic.get(0) == 1
  end)
  local diagnostic = vim.diagnostic.get(0)[1]
  print(string.format("%d:%d %s [%s]", diagnostic.lnum + 1, diagnostic.col + 1, diagnostic.message, diagnostic.source))
  vim.diagnostic.goto_next()
  local at = vim.api.nvim_win_get_cursor(0)
  if at[1] ~= diagnostic.lnum + 1 or at[2] ~= diagnostic.col then
    fail("the cursor did not go to the finding: " .. vim.inspect(at))
  end

  local params = vim.lsp.util.make_position_params()
  local answers = vim.lsp.buf_request_sync(0, "textDocument/hover", params, 20000)
  print(answers[id].result.contents.value)

  local chosen = false
  vim.ui.select = function(items, options, choose)
    for index, item in ipairs(items) do
      if options.format_item(item):find(vim.env.ACTION, 1, true) then
        chosen = true
        return choose(item, index)
      end
    end
    fail("no action `" .. vim.env.ACTION .. "`: " .. vim.inspect(items))
  end
  vim.lsp.buf.code_action()
  wait("the code action", function()
    return chosen
  end)
  wait("the end of the finding", function()
    return #vim.diagnostic.get(0) == 0
  end)
  vim.cmd("write")

  -- Undone it is found again: what Neovim sends are pieces of text.
  vim.cmd("undo")
  wait("the finding again", function()
    return #vim.diagnostic.get(0) == 1
  end)
  vim.lsp.stop_client(id)
  wait("the end of the server", function()
    return vim.lsp.client_is_stopped(id)
  end)
  vim.cmd("qall!")
end

local done, problem = pcall(run)
if not done then
  fail(tostring(problem))
end
